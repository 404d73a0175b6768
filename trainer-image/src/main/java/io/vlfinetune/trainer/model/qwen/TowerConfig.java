package io.vlfinetune.trainer.model.qwen;

import io.vlfinetune.trainer.model.Activation;
import java.util.List;
import java.util.Set;

/**
 * A tower's numbers.
 *
 * @param kind whose tower it is
 * @param hidden hidden size
 * @param intermediate width of the perceptron
 * @param blocks how many blocks
 * @param heads attention heads
 * @param patch pixels on each side of a patch
 * @param frames pictures in a patch, all the same for an image
 * @param merge patches on each side of what becomes one feature
 * @param out hidden size of the language model
 * @param theta base of the rotary wave lengths
 * @param activation of the perceptron
 * @param windows what the patches of most blocks see
 * @param fullBlocks blocks whose patches see their whole image all the same
 * @param side length of the square of learned positions; 0 without any
 * @param deepstack blocks whose output reaches the language model too, ascending
 */
public record TowerConfig(
        TowerKind kind,
        int hidden,
        int intermediate,
        int blocks,
        int heads,
        int patch,
        int frames,
        int merge,
        int out,
        double theta,
        Activation activation,
        Windows windows,
        Set<Integer> fullBlocks,
        int side,
        List<Integer> deepstack) {
    /** Copies its collections. */
    public TowerConfig {
        fullBlocks = Set.copyOf(fullBlocks);
        deepstack = List.copyOf(deepstack);
    }

    /** The order of its patches. */
    PatchOrder order() {
        return new PatchOrder(merge, windows);
    }

    /** Its rotary positions. */
    TowerRotary rotary() {
        return new TowerRotary(order(), hidden / heads, theta);
    }
}
