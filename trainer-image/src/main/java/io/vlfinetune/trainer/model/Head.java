package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.weights.Weights;

/** The last layer of a chain: from hidden states to logits, and to the summed cross entropy with the targets. */
public interface Head extends PlainLayer {
    /** Logits [..., vocabulary] of hidden states [..., hidden], in the compute precision. */
    NDArray logits(NDArray hidden, Weights weights);

    /**
     * Float32 logits [targets, vocabulary], only at the places that have a target.
     *
     * @param hidden states of every place [rows, length, hidden], or of those places alone [targets, hidden]
     */
    default NDArray targetLogits(NDArray hidden, Weights weights, Batch batch) {
        Ops ops = weights.ops();
        NDArray rows = hidden.getShape().dimension() == 2 ? hidden : batch.atTargets(hidden, ops);
        return ops.cast(logits(rows, weights), DType.F32);
    }

    /** The sum of the cross entropies over all targets; a scalar. */
    @Override
    default NDArray forward(NDArray hidden, Weights weights, Batch batch) {
        return weights.ops().crossEntropySum(targetLogits(hidden, weights, batch), batch.targets());
    }
}
