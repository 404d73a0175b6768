package io.vlfinetune.trainer.model;

import java.util.ArrayList;
import java.util.List;

/**
 * How wide the arrays of a {@link Flow} are: elements per row.
 *
 * @param hidden of the hidden states
 * @param carried of each carried array
 */
public record Widths(long hidden, List<Long> carried) {
    /** Copies the list. */
    public Widths {
        carried = List.copyOf(carried);
    }

    /** Nothing carried. */
    public static Widths of(long hidden) {
        return new Widths(hidden, List.of());
    }

    /** Other hidden states beside the same carried arrays. */
    public Widths with(long next) {
        return new Widths(next, carried);
    }

    /** More arrays carried, before those that are. */
    public Widths carryingFirst(List<Long> more) {
        List<Long> all = new ArrayList<>(more);
        all.addAll(carried);
        return new Widths(hidden, all);
    }

    /** One more array carried, behind those that are. */
    public Widths carrying(long more) {
        List<Long> all = new ArrayList<>(carried);
        all.add(more);
        return new Widths(hidden, all);
    }

    /** Without the first carried arrays. */
    public Widths dropped(int count) {
        return new Widths(hidden, carried.subList(Math.min(count, carried.size()), carried.size()));
    }
}
