package io.vlfinetune.trainer.model;

/**
 * What a layer leaves in memory for each row that goes through it forward, until it is gone through backward.
 *
 * @param output how wide what it hands on is
 * @param kept elements per row: its output, and what its graph remembers beside its input
 * @param narrows whether only places with a target are handed on
 */
public record Footprint(Widths output, long kept, boolean narrows) {
    /** Of a layer that hands on as many rows as it was given. */
    public Footprint(Widths output, long kept) {
        this(output, kept, false);
    }
}
