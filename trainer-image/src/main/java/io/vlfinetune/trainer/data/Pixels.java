package io.vlfinetune.trainer.data;

import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One preprocessed image. The arrays are shared, not copied: whoever makes the record gives them up, and nobody writes
 * them. Two records are equal only if they share them.
 *
 * @param source of the normalised values, row by row: memory, or, of a released image, the image decoded again
 * @param digest the key of its contents, if it was worked out
 * @param shape axis 0 counts pieces (tiles or patches), which a batch puts behind each other; the other axes are a
 *     piece's own
 * @param height rows of the image, in what its family counts: pixels, or patches
 * @param width columns of the image, in the same unit
 */
@SuppressWarnings("ArrayRecordComponent") // megabytes a step; shared as documented
public record Pixels(Values source, @Nullable ContentKey digest, int[] shape, int height, int width) {
    /** Where values come from. */
    public sealed interface Values {
        /** The values. */
        float[] get();
    }

    private record Held(float[] get) implements Values {}

    private record Again(Supplier<float[]> maker) implements Values {
        @Override
        public float[] get() {
            return maker.get();
        }
    }

    /** An image in memory; refuses an array of another size. */
    public Pixels(float[] values, int[] shape, int height, int width) {
        this(new Held(values), null, shape, height, width);
        if (values.length != count()) {
            throw new IllegalArgumentException(values.length + " values for " + Arrays.toString(shape));
        }
    }

    /** One image of one piece, [1, 3, height, width]. */
    public static Pixels tile(float[] values, int height, int width) {
        return new Pixels(values, new int[] {1, 3, height, width}, height, width);
    }

    /** Normalised values, row by row. */
    public float[] values() {
        return source.get();
    }

    /** How many values it has. */
    public long count() {
        return Arrays.stream(shape).asLongStream().reduce(1, (a, b) -> a * b);
    }

    /** How many pieces it has. */
    public int pieces() {
        return shape[0];
    }

    /** Whether pieces of both have the same axes, so that they can lie in one array. */
    public boolean fits(Pixels other) {
        return Arrays.equals(shape, 1, shape.length, other.shape, 1, other.shape.length);
    }

    /** The key of values, shape and size: images with one key are the same to every model. */
    public ContentKey key() {
        ContentKey known = digest;
        return known != null
                ? known
                : new ContentKey.Builder()
                        .add(shape)
                        .add(height, width)
                        .add(values())
                        .key();
    }

    /** The same image, its key worked out. */
    Pixels digested() {
        return digest != null ? this : new Pixels(source, key(), shape, height, width);
    }

    /**
     * The same image without its values.
     *
     * @param again makes them once more, should somebody want them after all
     */
    Pixels released(Supplier<float[]> again) {
        return new Pixels(new Again(again), key(), shape, height, width);
    }

    /** Whether the values are no longer in memory. */
    boolean isReleased() {
        return source instanceof Again;
    }
}
