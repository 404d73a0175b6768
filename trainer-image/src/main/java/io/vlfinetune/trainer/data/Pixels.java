package io.vlfinetune.trainer.data;

/**
 * One preprocessed image. The array is shared, not copied: whoever makes the record gives it up, and nobody writes it.
 * Two records are equal only if they share it.
 *
 * @param values normalised values, [3, height, width] row by row
 * @param height rows of pixels
 * @param width pixels in a row
 */
@SuppressWarnings("ArrayRecordComponent") // megabytes a step; shared as documented
public record Pixels(float[] values, int height, int width) {
    /** Refuses an array of another size. */
    public Pixels {
        if (values.length != 3L * height * width) {
            throw new IllegalArgumentException(values.length + " values for 3 x " + height + " x " + width + " pixels");
        }
    }
}
