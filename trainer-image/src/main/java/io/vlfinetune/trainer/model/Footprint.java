package io.vlfinetune.trainer.model;

/**
 * What a layer leaves in memory for each row that goes through it forward, until it is gone through backward.
 *
 * @param output how wide what it hands on is
 * @param kept elements per row: its output, and what its graph remembers beside its input
 * @param within how many of them stay in its graph: not kept if its backward pass runs it again
 * @param narrows whether only places with a target are handed on
 */
public record Footprint(Widths output, long kept, long within, boolean narrows) {
    /** Of a layer that narrows or not, and hands on all that it keeps. */
    public Footprint(Widths output, long kept, boolean narrows) {
        this(output, kept, 0, narrows);
    }

    /** Of a layer that hands on as many rows as it was given, and all that it keeps. */
    public Footprint(Widths output, long kept) {
        this(output, kept, false);
    }

    /** The same of a layer whose graph remembers so much of it. */
    public Footprint within(long elements) {
        return new Footprint(output, kept, elements, narrows);
    }
}
