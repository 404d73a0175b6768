package io.vlfinetune.trainer;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.training.Training;
import io.vlfinetune.trainer.weights.Weights;

/** A weight that is a number in Float32 may be none in the type that the base model is stored in. */
final class StorableWeights {
    private StorableWeights() {}

    /** Refuses weights that cannot be stored, and names the first: Diverged. */
    static void require(PlannedModel planned, Training.Trained trained) {
        Weights weights = trained.weights();
        Ops ops = weights.ops();
        for (String name : weights.masters()) {
            DType stored = planned.checkpoint().fileOf(name).info(name).dtype();
            if (!Double.isFinite(norm(ops, weights.master(name), stored))) {
                throw new TrainerException(
                        Reason.Diverged,
                        "step " + trained.steps() + ": tensor " + name + " has values beyond the numbers of " + stored
                                + ", the type that the base model is stored in; no output was written. Lower spec.training.learningRate or lengthen the warm-up");
            }
        }
    }

    private static double norm(Ops ops, NDArray master, DType stored) {
        if (ops.dtype(master) == stored) {
            return ops.norm(master);
        }
        try (NDArray rounded = ops.cast(master, stored);
                NDArray widened = ops.cast(rounded, DType.F32)) {
            return ops.norm(widened);
        }
    }
}
