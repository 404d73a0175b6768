package io.vlfinetune.trainer.processor;

import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;
import java.util.ArrayList;
import java.util.List;

/** Images cut into tiles of one size. */
public final class Tiles {
    private Tiles() {}

    /** The tiles of an image, in reading order; its sides must be multiples of theirs. */
    public static List<RgbImage> cut(RgbImage image, int height, int width) {
        if (image.height() % height != 0 || image.width() % width != 0) {
            throw new IllegalArgumentException(
                    "%d x %d pixels in tiles of %d x %d".formatted(image.height(), image.width(), height, width));
        }
        List<RgbImage> tiles = new ArrayList<>();
        for (int top = 0; top < image.height(); top += height) {
            for (int left = 0; left < image.width(); left += width) {
                byte[] pixels = new byte[3 * height * width];
                for (int y = 0; y < height; y++) {
                    System.arraycopy(
                            image.pixels(), 3 * ((top + y) * image.width() + left), pixels, 3 * y * width, 3 * width);
                }
                tiles.add(new RgbImage(pixels, height, width));
            }
        }
        return tiles;
    }

    /**
     * Tiles as one image's pixels [tiles, 3, height, width].
     *
     * @param tiles at least one, all of one size
     * @param height what the family counts as the image's height
     * @param width what the family counts as the image's width
     */
    public static Pixels pixels(List<RgbImage> tiles, PixelLevels levels, int height, int width) {
        RgbImage first = tiles.getFirst();
        int size = first.pixels().length;
        float[] values = new float[tiles.size() * size];
        for (int i = 0; i < tiles.size(); i++) {
            System.arraycopy(levels.planes(tiles.get(i)), 0, values, i * size, size);
        }
        return new Pixels(values, new int[] {tiles.size(), 3, first.height(), first.width()}, height, width);
    }
}
