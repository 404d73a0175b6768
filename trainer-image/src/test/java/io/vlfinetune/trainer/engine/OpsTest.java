package io.vlfinetune.trainer.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpsTest {
    private Ops ops;

    @BeforeAll
    void startEngine() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    }

    @AfterAll
    void stopEngine() {
        ops.close();
    }

    @Test
    void givenNoKernelThenOneIsMeasuredAndNothingOfTheMeasurementStays() {
        try (Ops measured = Ops.start(1, Optional.empty())) {
            assertThat(measured.linearKernel()).isIn(LinearKernel.MKL, LinearKernel.ONEDNN);
            assertThat(measured.liveArrays()).isZero();
        }
    }

    @Test
    void givenBothKernelsThenLinearAndItsGradientsAgree() {
        for (boolean withBias : new boolean[] {true, false}) {
            float[][] mkl = linear(LinearKernel.MKL, withBias);
            float[][] oneDnn = linear(LinearKernel.ONEDNN, withBias);
            for (int i = 0; i < mkl.length; i++) {
                assertThat(oneDnn[i]).containsExactly(mkl[i], within(1e-4f));
            }
        }
    }

    /** Output and gradients of x and weight; large enough for oneDNN's own convolution with one thread. */
    private static float[][] linear(LinearKernel kernel, boolean withBias) {
        try (Ops ops = Ops.start(1, Optional.of(kernel));
                NDArray x = ops.leaf(ops.of(waves(300 * 96), 3, 100, 96));
                NDArray weight = ops.leaf(ops.of(waves(40 * 96), 40, 96));
                NDArray bias = ops.of(waves(40), 40);
                NDArray seed = ops.of(waves(300 * 40), 3, 100, 40);
                NDArray y = ops.withGradients(true, () -> ops.linear(x, weight, withBias ? bias : null))) {
            NDArray[] gradients = gradients(ops, y, seed, x, weight);
            return new float[][] {y.toFloatArray(), gradients[0].toFloatArray(), gradients[1].toFloatArray()};
        }
    }

    private static float[] waves(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) Math.sin(i * 0.37);
        }
        return values;
    }

    @Test
    void givenAnyThreadThenGradientModeIsWhatTheWorkAsksFor() {
        try (var threads = Executors.newSingleThreadExecutor();
                NDArray leaf = ops.leaf(ops.of(1f))) {
            boolean off = CompletableFuture.supplyAsync(() -> ops.withGradients(false, () -> tracked(leaf)), threads)
                    .join();
            boolean on = CompletableFuture.supplyAsync(() -> ops.withGradients(true, () -> tracked(leaf)), threads)
                    .join();
            assertThat(off).isFalse();
            assertThat(on).isTrue();
        }
    }

    private static NDArray[] gradients(Ops ops, NDArray output, NDArray seed, NDArray... inputs) {
        return ops.gradients(new NDArray[] {output}, new NDArray[] {seed}, inputs);
    }

    /** Whether a result can be differentiated. */
    private boolean tracked(NDArray leaf) {
        try (NDArray sum = ops.add(leaf, leaf);
                NDArray seed = ops.of(1f)) {
            NDArray gradient = gradients(ops, sum, seed, leaf)[0];
            if (gradient != null) {
                gradient.close();
            }
            return gradient != null;
        }
    }

    @Test
    void givenAMaskThatIsCausalThenAttentionAndItsGradientAreThoseWithoutOne() {
        float no = Float.NEGATIVE_INFINITY;
        try (NDArray x = ops.leaf(ops.of(waves(2 * 3 * 4), 1, 2, 3, 4));
                NDArray mask = ops.of(new float[] {0, no, no, 0, 0, no, 0, 0, 0}, 1, 1, 3, 3);
                NDArray seed = ops.of(waves(2 * 3 * 4), 1, 2, 3, 4);
                NDArray masked = ops.withGradients(true, () -> ops.attention(x, x, x, new Looks.Masked(mask), 0.5));
                NDArray causal = ops.withGradients(true, () -> ops.attention(x, x, x, new Looks.Back(), 0.5));
                NDArray known = ops.withGradients(true, () -> ops.attention(x, x, x, new Looks.Back()))) {
            assertThat(masked.toFloatArray()).containsExactly(causal.toFloatArray(), within(1e-6f));
            // One half is the inverse root of the size, which is the scale where none is given.
            assertThat(causal.toFloatArray()).isEqualTo(known.toFloatArray());
            assertThat(gradients(ops, masked, seed, x)[0].toFloatArray())
                    .containsExactly(gradients(ops, causal, seed, x)[0].toFloatArray(), within(1e-6f));
        }
    }

    @Test
    void givenAnImageThenTheAveragePoolHasTheMeansOfItsSquares() {
        try (NDArray x = ops.of(new float[] {1, 2, 5, 6, 3, 4, 7, 8}, 1, 1, 2, 4);
                NDArray means = ops.averagePool(x, 2)) {
            assertThat(means.getShape().getShape()).containsExactly(1, 1, 1, 2);
            assertThat(means.toFloatArray()).containsExactly(2.5f, 6.5f);
        }
    }

    @Test
    void givenANormOfOnePlusItsWeightThenItIsTheOtherNormWithThatSum() {
        try (NDArray x = ops.of(waves(12), 3, 4);
                NDArray weight = ops.of(new float[] {0.5f, 0, -1, 1}, 4);
                NDArray sum = ops.of(new float[] {1.5f, 1, 0, 2}, 4);
                NDArray made = ops.rmsNormOnePlus(x, weight, 1e-6);
                NDArray wanted = ops.rmsNorm(x, sum, 1e-6)) {
            assertThat(made.toFloatArray()).isEqualTo(wanted.toFloatArray());
        }
    }

    @Test
    void givenAViewThatIsNotInOrderThenItsMemoryIsRefused() {
        try (NDArray x = ops.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
                NDArray turned = ops.transpose(x, 0, 1)) {
            assertThat(ops.memory(x).byteSize()).isEqualTo(24);
            assertThatThrownBy(() -> ops.memory(turned)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void givenAFailingOperatorThenItAndItsShapesAreNamed() {
        try (NDArray x = ops.of(new float[6], 2, 3);
                NDArray weight = ops.of(new float[8], 2, 4)) {
            assertThatThrownBy(() -> ops.embedding(weight, x))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("aten::embedding")
                    .hasMessageContaining("[2, 4], [2, 3]");
        }
    }

    @Test
    void givenAProcessThenItsPeakIsBeyondTheEnginesOwnSize() {
        assertThat(PeakMemory.bytes()).isBetween(50L << 20, 64L << 30);
    }
}
