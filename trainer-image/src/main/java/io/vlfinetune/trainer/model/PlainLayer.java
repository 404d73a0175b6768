package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.weights.Weights;

/** A layer that takes one array and makes one; what is carried passes by. */
public interface PlainLayer extends Layer {
    /**
     * What it makes of its input. Arrays made on the way belong to the scope the caller opened.
     *
     * @param input the output of the layer before; the batch's pixels for the first
     */
    NDArray forward(NDArray input, Weights weights, Batch batch);

    @Override
    default Flow forward(Flow input, Weights weights, Batch batch) {
        return input.with(forward(input.hidden(), weights, batch));
    }
}
