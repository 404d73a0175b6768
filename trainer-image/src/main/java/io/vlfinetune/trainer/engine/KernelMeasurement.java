package io.vlfinetune.trainer.engine;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.function.Function;

/** Times both linear kernels on this machine: a vendor's name does not tell which is faster. Takes some 20 ms. */
final class KernelMeasurement {
    private static final int ROWS = 512;
    private static final int SIZE = 512;
    private static final int ROUNDS = 16;

    /**
     * The kernels' last bits differ, so a machine must always choose the same one. oneDNN is twice as fast on the
     * processors where it wins and equal on the others; noise does not cross this line.
     */
    private static final double MARGIN = 1.3;

    private KernelMeasurement() {}

    static LinearKernel faster(Function<LinearKernel, Ops> engine) {
        Ops mkl = engine.apply(LinearKernel.MKL);
        Ops oneDnn = engine.apply(LinearKernel.ONEDNN);
        long mklNanos = Long.MAX_VALUE;
        long oneDnnNanos = Long.MAX_VALUE;
        // In turn, and the best of each: other work on the machine then disturbs both alike.
        for (int round = 0; round < ROUNDS; round++) {
            mklNanos = Math.min(mklNanos, nanos(mkl));
            oneDnnNanos = Math.min(oneDnnNanos, nanos(oneDnn));
        }
        return MARGIN * oneDnnNanos < mklNanos ? LinearKernel.ONEDNN : LinearKernel.MKL;
    }

    /** Forward and backward of one layer. */
    private static long nanos(Ops ops) {
        try (NDArray x = ops.of(new float[ROWS * SIZE], ROWS, SIZE);
                NDArray weight = ops.of(new float[SIZE * SIZE], SIZE, SIZE);
                NDArray seed = ops.of(new float[ROWS * SIZE], ROWS, SIZE)) {
            x.setRequiresGradient(true);
            weight.setRequiresGradient(true);
            long start = System.nanoTime();
            try (NDArray y = ops.withGradients(true, () -> ops.linear(x, weight, null))) {
                Arrays.stream(ops.gradients(new NDArray[] {y}, new NDArray[] {seed}, new NDArray[] {x, weight}))
                        .forEach(NDArray::close);
            }
            return System.nanoTime() - start;
        }
    }
}
