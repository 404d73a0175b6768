package io.vlfinetune.trainer.engine;

import ai.djl.ndarray.NDArray;

/** Which places a place looks at in attention. */
public sealed interface Looks {
    /** At all places. */
    record All() implements Looks {}

    /** At itself and those before it. */
    record Back() implements Looks {}

    /**
     * Where a mask lets it.
     *
     * @param mask what is added to the scores [batch or 1, heads or 1, length, length], in their type: 0 where a place
     *     looks, minus infinity where it does not; every place looks somewhere
     */
    record Masked(NDArray mask) implements Looks {}
}
