package io.vlfinetune.cli.report;

import io.vlfinetune.api.Precision;
import io.vlfinetune.trainer.freeze.PlanDocument;

/**
 * What the parameters of a plan take in bytes, by arithmetic alone: activations, batches and the process itself are not
 * in it.
 *
 * @param weights weights in the run's precision
 * @param masterCopies Float32 copies of trained weights; none where the weights are Float32 themselves
 * @param gradients Float32 gradients of trained weights
 * @param optimizer both Float32 moments of AdamW for trained weights
 */
record PlanMemory(long weights, long masterCopies, long gradients, long optimizer) {
    private static final int FLOAT32 = 4;
    private static final int BFLOAT16 = 2;
    private static final int MOMENTS = 2;

    static PlanMemory of(PlanDocument plan, Precision precision) {
        long trainable = plan.trainableParameters();
        return switch (precision) {
            case Float32 ->
                new PlanMemory(FLOAT32 * plan.totalParameters(), 0, FLOAT32 * trainable, MOMENTS * FLOAT32 * trainable);
            case BFloat16 ->
                new PlanMemory(
                        BFLOAT16 * plan.totalParameters(),
                        FLOAT32 * trainable,
                        FLOAT32 * trainable,
                        MOMENTS * FLOAT32 * trainable);
        };
    }

    long total() {
        return weights + masterCopies + gradients + optimizer;
    }
}
