package io.vlfinetune.trainer.family;

import static io.vlfinetune.trainer.testing.Declarations.training;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.FreezeCases;
import io.vlfinetune.trainer.testing.FreezeRun;
import io.vlfinetune.trainer.testing.WideModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Both linear kernels at a size at which they are two: libtorch 2.7.1 gives a convolution with kernel 1 to oneDNN only
 * from two threads on, and above {@value #ELEMENTS} elements of input.
 */
class WideFreezeCasesTest {
    private static final int THREADS = 2;
    private static final long ELEMENTS = 20480;
    private static final double LOSS = 2e-5;
    private static final double NORMS = 1e-4;

    @TempDir
    private Path folder;

    @TempDir
    private Path scratch;

    static Stream<Arguments> familiesAndKernels() {
        return FamilyFixture.ALL.stream()
                .flatMap(family -> Stream.of(LinearKernel.values()).map(kernel -> Arguments.of(family, kernel)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("familiesAndKernels")
    void givenWideLayersWhenTrainedByEitherKernelThenLossesAndNormsAreThoseOfPyTorch(
            String family, LinearKernel kernel) {
        WideModel model = FreezeCases.of(family).wide();
        model.write(family, folder);
        List<EncodedSample> samples = model.samples(family);
        assertThat(languageModelInput(model, samples)).isGreaterThan(ELEMENTS);
        try (Ops ops = Ops.start(THREADS, Optional.of(kernel))) {
            TrainingSpec training = training("{learningRate: '%s', weightDecay: '0.01'}".formatted(model.lr()));
            FreezeRun run = new FreezeRun(ops, folder, scratch, samples, training, LOSS, NORMS);
            model.cases().forEach((name, expected) -> run.assertEquals(expected, Executor.Mode.SEGMENTS));
            run.assertEquals(model.full(), Executor.Mode.GRAPH);
        }
    }

    /** Elements of what enters a block of the language model. */
    private static long languageModelInput(WideModel model, List<EncodedSample> samples) {
        JsonNode text = model.config().path("text_config");
        long hidden = (text.isMissingNode() ? model.config() : text)
                .path("hidden_size")
                .asLong();
        long longest = samples.stream()
                .mapToLong(sample -> sample.inputIds().length)
                .max()
                .orElseThrow();
        return samples.size() * longest * hidden;
    }
}
