package io.vlfinetune.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.LoadedModel;
import io.vlfinetune.trainer.testing.Variant;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Other configurations of a family against what transformers computes from them: fixtures/tools/make_variants.py. */
class VariantsTest {
    private static final float FEATURES = 1e-5f;
    private static final float LOGITS = 2e-5f;
    private static final double LOSS = 2e-6;
    private static final double NORMS = 1e-5;

    private static Ops ops;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    }

    @AfterAll
    static void stop() {
        ops.close();
    }

    static Stream<Arguments> variants() {
        return Stream.of("llava", "llava_next", "internvl")
                .flatMap(family -> Variant.names(family).stream().map(name -> Arguments.of(family, name)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("variants")
    void givenAnotherConfigurationThenEverythingIsThatOfTransformers(String family, String name) {
        Variant variant = Variant.write(family, name, folder);
        EncodedSample sample = sample(family, variant);
        try (LoadedModel model = LoadedModel.open(ops, folder, Set.of());
                Batch batch = model.batch(ops, List.of(sample));
                NDArray features = model.executor(Executor.Mode.GRAPH).imageFeatures(batch);
                NDArray logits = model.executor(Executor.Mode.GRAPH).logits(batch)) {
            assertThat(features.toFloatArray()).containsExactly(variant.tensor("image_features"), within(FEATURES));
            assertThat(logits.toFloatArray()).containsExactly(variant.tensor("logits"), within(LOGITS));
        }
        Set<String> all;
        try (LoadedModel model = LoadedModel.open(ops, folder, Set.of())) {
            all = model.blueprint().roles().keySet();
        }
        for (Executor.Mode mode : Executor.Mode.values()) {
            assertGradients(sample, all, mode, variant.golden().path("case"));
        }
    }

    private void assertGradients(EncodedSample sample, Set<String> all, Executor.Mode mode, JsonNode expected) {
        try (LoadedModel model = LoadedModel.open(ops, folder, all);
                Batch batch = model.batch(ops, List.of(sample));
                Gradients gradients = new Gradients(ops)) {
            double loss = model.executor(mode).step(batch, batch.targetCount(), gradients);
            double wanted = expected.path("losses").path(0).asDouble();
            assertThat(loss).isCloseTo(wanted, within(wanted * LOSS));
            double norm = expected.path("grad_norm").asDouble();
            NDArray[] arrays = gradients.byTensor().values().toArray(NDArray[]::new);
            assertThat(ops.norm(arrays)).as("%s", mode).isCloseTo(norm, within(norm * NORMS));
            Set<String> without = new HashSet<>(all);
            without.removeAll(gradients.byTensor().keySet());
            Set<String> unused = new HashSet<>();
            expected.path("without_gradient").forEach(tensor -> unused.add(tensor.asText()));
            assertThat(without).isEqualTo(unused).isEqualTo(model.blueprint().unusedTensors());
        }
    }

    /** The golden pixels; another configuration may count tokens otherwise. */
    private static EncodedSample sample(String family, Variant variant) {
        EncodedSample golden = new FamilyFixture(family).samples("full").getFirst();
        return new EncodedSample(
                golden.id(),
                FamilyFixture.numbers(variant.golden().path("input_ids")),
                FamilyFixture.numbers(variant.golden().path("labels")),
                golden.images());
    }
}
