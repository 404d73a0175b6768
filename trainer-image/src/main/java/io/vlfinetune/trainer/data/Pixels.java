package io.vlfinetune.trainer.data;

/**
 * A normalised image. The array is shared with a cache: do not write to it.
 *
 * @param values {@code [3, height, width]}, row-major
 * @param height rows
 * @param width columns
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody; a copy for each batch would cost more than it protects
public record Pixels(float[] values, int height, int width) {}
