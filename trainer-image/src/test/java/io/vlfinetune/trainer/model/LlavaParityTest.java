package io.vlfinetune.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.optimize.AdamW;
import io.vlfinetune.trainer.optimize.AdamWSettings;
import io.vlfinetune.trainer.optimize.Rate;
import io.vlfinetune.trainer.testing.LlavaFixture;
import io.vlfinetune.trainer.testing.LoadedLlava;
import io.vlfinetune.trainer.weights.Safetensors;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Against golden values of transformers: {@link LlavaFixture}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LlavaParityTest {
    private static final double LOGITS = 1e-5;
    private static final double LOSS = 1e-6;
    private static final double NORMS = 1e-5;
    private static final double STEPS = 1e-5;

    /** The golden run lets every tensor decay. */
    private static final Rate RATE = new Rate(1e-3, 0.01);

    private static final AdamWSettings SETTINGS = new AdamWSettings(0.9, 0.999, 1e-8, Double.POSITIVE_INFINITY);

    private final LlavaFixture fixture = new LlavaFixture();
    private Ops ops;

    @BeforeAll
    void startEngine() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    }

    @AfterAll
    void stopEngine() {
        ops.close();
    }

    @ParameterizedTest
    @EnumSource(LinearKernel.class)
    void givenTheGoldenSampleThenLogitsAreThoseOfTransformers(LinearKernel kernel) {
        try (Ops other = Ops.start(1, Optional.of(kernel));
                LoadedLlava model = LoadedLlava.open(other, LlavaFixture.folder(), Set.of());
                Batch batch = batch(other, List.of(fixture.sample()));
                NDArray logits = model.executor(Executor.Mode.GRAPH).logits(batch)) {
            assertThat(logits.toFloatArray()).hasSize(33 * 640).containsExactly(goldenLogits(), within((float) LOGITS));
        }
    }

    @Test
    void givenTheConfigurationAsTransformersSavesItThenLogitsAreTheSame(@TempDir Path folder) throws Exception {
        LlavaFixture.copyTo(folder);
        Files.copy(
                LlavaFixture.folder().resolve("saved_config.json"),
                folder.resolve("config.json"),
                StandardCopyOption.REPLACE_EXISTING);
        try (LoadedLlava model = LoadedLlava.open(ops, folder, Set.of());
                Batch batch = batch(ops, List.of(fixture.sample()));
                NDArray logits = model.executor(Executor.Mode.GRAPH).logits(batch)) {
            assertThat(logits.toFloatArray()).containsExactly(goldenLogits(), within((float) LOGITS));
        }
    }

    private static float[] goldenLogits() {
        try (Safetensors golden = Safetensors.open(LlavaFixture.folder().resolve("golden.safetensors"))) {
            return golden.bytes("logits").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        }
    }

    static Stream<Arguments> cases() {
        return Stream.concat(LlavaFixture.CASES.stream(), Stream.of("batch"))
                .flatMap(name -> Stream.of(Executor.Mode.values()).map(mode -> Arguments.of(name, mode)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("cases")
    void givenAGoldenCaseWhenTrainedThenLossesAndGradientNormsAreThoseOfTransformers(String name, Executor.Mode mode) {
        JsonNode expected = fixture.expected(name);
        List<EncodedSample> samples = name.equals("batch") ? fixture.pair() : List.of(fixture.sample());
        Set<String> trainable = fixture.trainable(name);
        try (LoadedLlava model = LoadedLlava.open(ops, LlavaFixture.folder(), trainable);
                Batch batch = batch(ops, samples)) {
            Executor executor = model.executor(mode);
            try (AdamW optimizer = new AdamW(model.weights(), executor.trainedTensors(), SETTINGS)) {
                for (int step = 0; step < 4; step++) {
                    try (Gradients gradients = new Gradients(ops)) {
                        double loss = executor.step(batch, batch.targetCount(), gradients);
                        double wanted = expected.path("losses").path(step).asDouble();
                        assertThat(loss).isCloseTo(wanted, within(wanted * (step == 0 ? LOSS : STEPS)));
                        if (step == 0) {
                            assertNorms(gradients, expected);
                            assertUnused(gradients, trainable, expected);
                        }
                        if (step < 3) {
                            optimizer.step(gradients.byTensor(), tensor -> RATE);
                        }
                    }
                }
            }
        }
    }

    private void assertNorms(Gradients gradients, JsonNode expected) {
        Map<String, String> roles = fixture.goldenRoles();
        Map<String, Double> squares = new TreeMap<>();
        gradients.byTensor().forEach((tensor, gradient) -> {
            double square = 0;
            for (float value : gradient.toFloatArray()) {
                square += (double) value * value;
            }
            squares.merge(roles.get(tensor), square, Double::sum);
        });
        assertThat(squares).hasSize(expected.path("grad_norm_by_role").size());
        squares.forEach((role, square) -> {
            double wanted = expected.path("grad_norm_by_role").path(role).asDouble();
            assertThat(Math.sqrt(square)).as(role).isCloseTo(wanted, within(wanted * NORMS));
        });
        double whole = expected.path("grad_norm").asDouble();
        NDArray[] all = gradients.byTensor().values().toArray(NDArray[]::new);
        assertThat(ops.norm(all)).isCloseTo(whole, within(whole * NORMS));
    }

    private static void assertUnused(Gradients gradients, Set<String> trainable, JsonNode expected) {
        Set<String> without = new HashSet<>(trainable);
        without.removeAll(gradients.byTensor().keySet());
        Set<String> wanted = new HashSet<>();
        expected.path("without_gradient").forEach(name -> wanted.add(name.asText()));
        assertThat(without).isEqualTo(wanted);
    }

    private static Batch batch(Ops ops, List<EncodedSample> samples) {
        return Batch.of(ops, samples, LlavaFixture.PAD_TOKEN, LlavaFixture.IMAGE_TOKEN);
    }
}
