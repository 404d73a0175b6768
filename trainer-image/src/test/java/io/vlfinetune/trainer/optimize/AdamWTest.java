package io.vlfinetune.trainer.optimize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.testing.LlavaFixture;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import io.vlfinetune.trainer.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdamWTest {
    private static final String NORM = "language_model.model.norm.weight";
    private static final String BIAS = "multi_modal_projector.linear_1.bias";
    private static final List<String> NAMES = List.of(NORM, BIAS);
    private static final int SIZE = 64;

    private Ops ops;
    private Checkpoint checkpoint;

    @BeforeAll
    void start() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
        checkpoint = Checkpoint.open(LlavaFixture.folder());
    }

    @AfterAll
    void stop() {
        checkpoint.close();
        ops.close();
    }

    private Weights weights() {
        return new Weights(ops, checkpoint, NAMES, Set.copyOf(NAMES), DType.F32);
    }

    private static AdamWSettings clippedAt(double norm) {
        return new AdamWSettings(0.9, 0.999, 1e-8, norm);
    }

    private Map<String, NDArray> gradients(float first, float second) {
        Map<String, NDArray> gradients = new LinkedHashMap<>();
        gradients.put(NORM, filled(first));
        gradients.put(BIAS, filled(second));
        return gradients;
    }

    private NDArray filled(float value) {
        float[] values = new float[SIZE];
        Arrays.fill(values, value);
        return ops.of(values, SIZE);
    }

    @Test
    void givenARateForEachTensorThenEachMovesByItsOwn() {
        try (Weights weights = weights();
                AdamW optimizer = new AdamW(weights, NAMES, clippedAt(Double.POSITIVE_INFINITY))) {
            float[] norm = weights.master(NORM).toFloatArray();
            float[] bias = weights.master(BIAS).toFloatArray();
            optimizer.step(
                    gradients(1f, -1f), name -> new Rate(name.equals(NORM) ? 0.1 : 0.01, name.equals(NORM) ? 0.5 : 0));
            // The first step of Adam moves by the learning rate against the gradient's sign.
            assertThat(weights.master(NORM).getFloat(0)).isCloseTo(norm[0] * (1 - 0.1f * 0.5f) - 0.1f, within(1e-5f));
            assertThat(weights.master(BIAS).getFloat(0)).isCloseTo(bias[0] + 0.01f, within(1e-5f));
        }
    }

    @Test
    void givenAGlobalNormAboveTheLimitThenGradientsAreScaledDownToIt() {
        try (Weights weights = weights();
                AdamW optimizer = new AdamW(weights, NAMES, clippedAt(1))) {
            GradientNorms norms = optimizer.step(gradients(3f, 4f), name -> new Rate(0.1, 0));
            assertThat(norms.total()).isCloseTo(40, within(1e-4));
            NDArray mean = optimizer.state().get(BIAS + ".exp_avg");
            assertThat(mean).isNotNull();
            assertThat(mean.getFloat(0)).isCloseTo(0.1f * 4 / 40, within(1e-6f));
        }
    }

    @Test
    void givenANormBelowTheLimitThenGradientsStayAsTheyAre() {
        try (Weights weights = weights();
                AdamW optimizer = new AdamW(weights, NAMES, clippedAt(100))) {
            optimizer.step(gradients(3f, 4f), name -> new Rate(0.1, 0));
            NDArray mean = optimizer.state().get(NORM + ".exp_avg");
            assertThat(mean).isNotNull();
            assertThat(mean.getFloat(0)).isCloseTo(0.3f, within(1e-6f));
        }
    }

    @Test
    void givenAGradientThatIsNotFiniteThenItIsReportedAndNothingMoves() {
        try (Weights weights = weights();
                AdamW optimizer = new AdamW(weights, NAMES, clippedAt(1))) {
            float[] before = weights.master(NORM).toFloatArray();
            assertThat(optimizer
                            .step(gradients(Float.NaN, 1f), name -> new Rate(0.1, 0.1))
                            .total())
                    .isNaN();
            assertThat(optimizer
                            .step(gradients(1f, Float.NEGATIVE_INFINITY), name -> new Rate(0.1, 0.1))
                            .total())
                    .isInfinite();
            assertThat(weights.master(NORM).toFloatArray()).isEqualTo(before);
            NDArray step = optimizer.state().get(NORM + ".step");
            assertThat(step).isNotNull();
            assertThat(step.getFloat()).isZero();
        }
    }

    @Test
    void givenATensorWithoutAGradientThenItNeitherMovesNorDecays() {
        try (Weights weights = weights();
                AdamW optimizer = new AdamW(weights, NAMES, clippedAt(1))) {
            float[] before = weights.master(BIAS).toFloatArray();
            optimizer.step(Map.of(NORM, filled(1)), name -> new Rate(0.1, 0.5));
            assertThat(weights.master(BIAS).toFloatArray()).isEqualTo(before);
        }
    }

    @Test
    void givenAStateWrittenAndRestoredThenTheNextStepIsTheSameBitForBit(@TempDir Path folder) {
        Rate rate = new Rate(0.01, 0.1);
        Path file = folder.resolve("optimizer.safetensors");
        try (Weights weights = weights();
                AdamW optimizer = new AdamW(weights, NAMES, clippedAt(1));
                Weights resumed = weights();
                AdamW later = new AdamW(resumed, NAMES, clippedAt(1))) {
            optimizer.step(gradients(0.3f, -0.7f), name -> rate);
            write(file, weights, optimizer);
            optimizer.step(gradients(0.1f, 0.2f), name -> rate);

            read(file, resumed, later);
            later.step(gradients(0.1f, 0.2f), name -> rate);
            for (String name : NAMES) {
                assertThat(resumed.master(name).toFloatArray())
                        .isEqualTo(weights.master(name).toFloatArray());
            }
            later.state()
                    .forEach((key, array) -> assertThat(array.toFloatArray())
                            .isEqualTo(optimizer.state().get(key).toFloatArray()));
        }
    }

    private void write(Path file, Weights weights, AdamW optimizer) {
        Map<String, TensorContent> contents = new TreeMap<>();
        NAMES.forEach(name -> contents.put(name, new TensorContent.Held(ops, weights.master(name), DType.F32)));
        optimizer.state().forEach((key, array) -> contents.put(key, new TensorContent.Held(ops, array, DType.F32)));
        SafetensorsWriter.write(file, contents, Map.of());
    }

    private static void read(Path file, Weights weights, AdamW optimizer) {
        try (Safetensors stored = Safetensors.open(file)) {
            Map<String, MemorySegment> state = new TreeMap<>();
            optimizer.state().keySet().forEach(key -> state.put(key, stored.bytes(key)));
            optimizer.restore(state);
            NAMES.forEach(name -> weights.restore(name, stored.bytes(name)));
        }
    }

    @Test
    void givenStateOfOtherTensorsThenItIsRefused() {
        try (Weights weights = weights();
                AdamW optimizer = new AdamW(weights, NAMES, clippedAt(1))) {
            assertThatThrownBy(() -> optimizer.restore(Map.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("other tensors");
        }
    }

    @Test
    void givenOtherTensorsToTrainThenThoseThatStayKeepTheirStateNewOnesAreFreshAndTheOthersGiveTheirsUp() {
        try (Weights weights = weights();
                AdamW optimizer = new AdamW(weights, List.of(NORM), clippedAt(1e9))) {
            optimizer.step(Map.of(NORM, filled(1)), name -> new Rate(0.1, 0));

            optimizer.train(List.of(BIAS, NORM));
            assertThat(optimizer.state().keySet())
                    .containsExactly(
                            BIAS + ".exp_avg",
                            BIAS + ".exp_avg_sq",
                            BIAS + ".step",
                            NORM + ".exp_avg",
                            NORM + ".exp_avg_sq",
                            NORM + ".step");
            assertThat(first(optimizer, NORM + ".step")).isEqualTo(1);
            assertThat(first(optimizer, NORM + ".exp_avg")).isCloseTo(0.1f, within(1e-7f));
            assertThat(first(optimizer, BIAS + ".step")).isZero();
            assertThat(first(optimizer, BIAS + ".exp_avg_sq")).isZero();

            optimizer.step(gradients(1, 1), name -> new Rate(0.1, 0));
            assertThat(first(optimizer, NORM + ".step")).isEqualTo(2);
            assertThat(first(optimizer, BIAS + ".step")).isEqualTo(1);

            optimizer.train(List.of(BIAS));
            assertThat(optimizer.state().keySet()).hasSize(3).allMatch(key -> key.startsWith(BIAS));
            assertThatThrownBy(() -> optimizer.step(gradients(1, 1), name -> new Rate(0.1, 0)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("gradients of tensors without a state");

            optimizer.train(List.of(NORM));
            assertThat(first(optimizer, NORM + ".step"))
                    .as("given up means begun anew")
                    .isZero();
        }
    }

    private static float first(AdamW optimizer, String key) {
        NDArray array = optimizer.state().get(key);
        assertThat(array).as(key).isNotNull();
        return array.toFloatArray()[0];
    }

    @Test
    void givenATensorThatIsFrozenThenItGetsNoState() {
        try (Weights weights = new Weights(ops, checkpoint, NAMES, Set.of(NORM), DType.F32)) {
            assertThatThrownBy(() -> new AdamW(weights, NAMES, clippedAt(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("tensor " + BIAS + " is frozen");
        }
    }

    @Test
    void givenNoGradientsThenNormsAreThoseOfNothing() {
        try (Weights weights = weights();
                AdamW optimizer = new AdamW(weights, NAMES, clippedAt(1))) {
            assertThat(optimizer.step(Map.of(), name -> new Rate(0.1, 0))).isEqualTo(new GradientNorms(0, Map.of()));
        }
    }

    @Test
    void givenGradientsThenTheirNormsAreToldTensorByTensorBeforeClipping() {
        try (Weights weights = weights();
                AdamW optimizer = new AdamW(weights, NAMES, clippedAt(1))) {
            GradientNorms norms = optimizer.step(gradients(3f, 4f), name -> new Rate(0.1, 0));
            assertThat(norms.byTensor()).isEqualTo(Map.of(NORM, 24.0, BIAS, 32.0));
        }
    }

    @Test
    void givenStateOfAnotherSizeThenTheKeyIsNamed() {
        try (Weights weights = weights();
                AdamW optimizer = new AdamW(weights, List.of(NORM), clippedAt(1))) {
            Map<String, MemorySegment> stored = new TreeMap<>();
            optimizer.state().keySet().forEach(key -> stored.put(key, MemorySegment.ofArray(new float[2])));
            assertThatThrownBy(() -> optimizer.restore(stored))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(NORM + ".exp_avg: 8 bytes stored, 256 needed");
        }
    }

    @ParameterizedTest(name = "{0}, {1}, {2}, {3}")
    @CsvSource({
        "1, 0.9, 1e-8, 1",
        "-0.1, 0.9, 1e-8, 1",
        "0.9, 1, 1e-8, 1",
        "0.9, -0.1, 1e-8, 1",
        "0.9, 0.9, 0, 1",
        "0.9, 0.9, 1e-8, 0",
        "NaN, 0.9, 1e-8, 1"
    })
    void givenNumbersWithoutAMeaningThenTheyAreRefused(double beta1, double beta2, double epsilon, double norm) {
        assertThatThrownBy(() -> new AdamWSettings(beta1, beta2, epsilon, norm))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("AdamW with " + beta1 + ", " + beta2 + ", " + epsilon + ", " + norm);
    }
}
