package io.vlfinetune.trainer.data;

import java.util.Arrays;

/**
 * One preprocessed image. The arrays are shared, not copied: whoever makes the record gives them up, and nobody writes
 * them. Two records are equal only if they share them.
 *
 * @param values normalised values, row by row
 * @param shape axis 0 counts pieces (tiles or patches), which a batch puts behind each other; the other axes are a
 *     piece's own
 * @param height rows of the image, in what its family counts: pixels, or patches
 * @param width columns of the image, in the same unit
 */
@SuppressWarnings("ArrayRecordComponent") // megabytes a step; shared as documented
public record Pixels(float[] values, int[] shape, int height, int width) {
    /** Refuses an array of another size. */
    public Pixels {
        if (values.length != Arrays.stream(shape).asLongStream().reduce(1, (a, b) -> a * b)) {
            throw new IllegalArgumentException(values.length + " values for " + Arrays.toString(shape));
        }
    }

    /** One image of one piece, [1, 3, height, width]. */
    public static Pixels tile(float[] values, int height, int width) {
        return new Pixels(values, new int[] {1, 3, height, width}, height, width);
    }

    /** How many pieces it has. */
    public int pieces() {
        return shape[0];
    }

    /** Whether pieces of both have the same axes, so that they can lie in one array. */
    public boolean fits(Pixels other) {
        return Arrays.equals(shape, 1, shape.length, other.shape, 1, other.shape.length);
    }
}
