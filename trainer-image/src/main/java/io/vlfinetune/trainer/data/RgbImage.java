package io.vlfinetune.trainer.data;

/**
 * A decoded image.
 *
 * @param pixels {@code [height, width, 3]}, row-major, red green blue, 0 to 255 unsigned
 * @param height rows, at least 1
 * @param width columns, at least 1
 */
@SuppressWarnings("ArrayRecordComponent") // a short-lived carrier between decoding and resizing
public record RgbImage(byte[] pixels, int height, int width) {
    /** The most pixels that are read or made. Pillow refuses more as a decompression bomb ({@code 2 * MAX_IMAGE_PIXELS}). */
    public static final long MOST_PIXELS = 178_956_970;

    /** Checks the size of the array. */
    public RgbImage {
        if (height < 1 || width < 1 || pixels.length != 3L * height * width) {
            throw new IllegalArgumentException(
                    "%d bytes are no image of %d x %d".formatted(pixels.length, height, width));
        }
    }
}
