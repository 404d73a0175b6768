package io.vlfinetune.trainer.model.decoder;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.weights.Weights;

/**
 * Rotary positions (Su et al., arXiv:2104.09864) of a batch's tokens, in the compute precision, in a shape that
 * stretches over [rows, heads, length, size of a head].
 */
public interface Rotary {
    /** Cosines of the angles, both halves of the last axis alike. */
    NDArray cosines(Weights weights, Batch batch);

    /** Sines of the angles, both halves of the last axis alike. */
    NDArray sines(Weights weights, Batch batch);
}
