package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What one layer hands to the next.
 *
 * @param hidden the hidden states; pixels before the first layer, the loss after the last
 * @param carried arrays that pass by the layers in between until one takes them, such as features of deeper vision
 *     blocks on their way to the language model; the first one is taken first
 */
public record Flow(NDArray hidden, List<NDArray> carried) {
    /** Copies the list. */
    public Flow {
        carried = List.copyOf(carried);
    }

    /** One array and nothing beside it. */
    public static Flow of(NDArray hidden) {
        return new Flow(hidden, List.of());
    }

    /** Other hidden states beside the same carried arrays. */
    public Flow with(NDArray next) {
        return new Flow(next, carried);
    }

    /** One more carried array. */
    public Flow carrying(NDArray more) {
        List<NDArray> all = new ArrayList<>(carried);
        all.add(more);
        return new Flow(hidden, all);
    }

    /** With another array in the place of the first carried ones. */
    public Flow taking(int first, NDArray instead) {
        List<NDArray> all = new ArrayList<>(carried.subList(first, carried.size()));
        all.addFirst(instead);
        return new Flow(hidden, all);
    }

    /** Without the first carried array. */
    public Flow dropped() {
        return new Flow(hidden, carried.subList(1, carried.size()));
    }

    /** All its arrays. */
    public List<NDArray> arrays() {
        List<NDArray> all = new ArrayList<>(carried);
        all.addFirst(hidden);
        return all;
    }

    /** Whether the very same array is in it. */
    @SuppressWarnings("ReferenceEquality") // arrays are owned, not compared: equals reads every element
    boolean holds(NDArray array) {
        return arrays().stream().anyMatch(one -> one == array);
    }

    /** Frees the arrays that none of the other flows holds. */
    void closeAllBut(Flow... others) {
        arrays().stream()
                .filter(array -> Arrays.stream(others).noneMatch(other -> other.holds(array)))
                .forEach(NDArray::close);
    }

    /** Frees its arrays. */
    void close() {
        arrays().forEach(NDArray::close);
    }
}
