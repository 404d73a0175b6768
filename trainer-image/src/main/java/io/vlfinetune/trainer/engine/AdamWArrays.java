package io.vlfinetune.trainer.engine;

import ai.djl.ndarray.NDArray;

/**
 * What one fused update works on: Float32 arrays, tensor by tensor in one order. Handed straight to one call and never
 * compared, so the arrays are not copied.
 *
 * @param tensors the tensors to update in place
 * @param gradients their gradients
 * @param means running means of gradients, updated in place
 * @param squares running means of squared gradients, updated in place
 * @param steps scalars, how many updates each tensor has had, updated in place
 */
@SuppressWarnings("ArrayRecordComponent") // a list of arguments, see above
public record AdamWArrays(
        NDArray[] tensors, NDArray[] gradients, NDArray[] means, NDArray[] squares, NDArray[] steps) {}
