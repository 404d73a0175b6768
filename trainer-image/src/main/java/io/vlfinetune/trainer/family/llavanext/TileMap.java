package io.vlfinetune.trainer.family.llavanext;

import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * The features of an image's tiles as one map, and which of them see the image and not what surrounds it.
 *
 * @param side features on each side of a tile
 * @param columns tiles beside each other
 * @param top first row of features that counts
 * @param bottom row after the last that counts
 * @param left first column of features that counts
 * @param right column after the last that counts
 */
record TileMap(int side, int columns, int top, int bottom, int left, int right) {
    /** The map of an image (transformers: {@code unpad_image}). */
    static TileMap of(Resolution image, Pinpoints pinpoints, int side) {
        Resolution canvas = pinpoints.best(image);
        int columns = canvas.width() / pinpoints.tile();
        int height = canvas.height() / pinpoints.tile() * side;
        int width = columns * side;
        if ((double) image.width() / image.height() > (double) width / height) {
            int padding = padding(height, image.height(), (double) width / image.width());
            return new TileMap(side, columns, padding, height - padding, 0, width);
        }
        int padding = padding(width, image.width(), (double) height / image.height());
        return new TileMap(side, columns, 0, height, padding, width - padding);
    }

    /** Half of what the scaled image leaves free, by Python's {@code int(round(…, 7))}. */
    private static int padding(int whole, int image, double scale) {
        int covered = new BigDecimal(image * scale)
                .setScale(7, RoundingMode.HALF_EVEN)
                .intValue();
        return Math.floorDiv(whole - covered, 2);
    }

    /** How many features stand for the image: the whole image in one tile, then every row with a newline. */
    int features() {
        return side * side + (bottom - top) * (right - left + 1);
    }

    /**
     * Where they are among the features of all tiles.
     *
     * @param first index of the first feature of the image's first tile
     * @param newline index of the newline
     */
    long[] indices(long first, long newline) {
        long[] indices = new long[features()];
        int at = 0;
        for (; at < side * side; at++) {
            indices[at] = first + at;
        }
        for (int row = top; row < bottom; row++) {
            for (int column = left; column < right; column++) {
                long tile = 1L + (long) (row / side) * columns + column / side;
                indices[at++] = first + (tile * side + row % side) * side + column % side;
            }
            indices[at++] = newline;
        }
        return indices;
    }
}
