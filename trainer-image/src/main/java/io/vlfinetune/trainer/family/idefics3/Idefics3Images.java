package io.vlfinetune.trainer.family.idefics3;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;
import io.vlfinetune.trainer.processor.ImageSettings;
import io.vlfinetune.trainer.processor.PilResize;
import io.vlfinetune.trainer.processor.PixelLevels;
import io.vlfinetune.trainer.processor.Resample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What transformers' {@code Idefics3ImageProcessor} (Pillow backend) does to an image: resize the longest edge, split
 * into square tiles, add the whole image as one more tile. Source: {@code image_processing_pil_idefics3.py}. All tiles
 * are of one size, so that no pixel of a tile is padding and no mask is needed. Safe for use by several threads.
 */
final class Idefics3Images {
    /** Longer edges are never made, {@code MAX_IMAGE_SIZE}. */
    private static final int LONGEST = 4096;

    private final int longestEdge;
    private final int tile;
    private final boolean resizes;
    private final boolean splits;
    private final Resample resample;
    private final PixelLevels levels;

    private record Size(int height, int width) {}

    /**
     * An image as the vision tower takes it.
     *
     * @param pixels its tiles row by row, then the whole image
     * @param rows of tiles; 0 if it was not split
     * @param columns of tiles; 0 if it was not split
     */
    record Tiles(Pixels pixels, int rows, int columns) {}

    private Idefics3Images(ConfigSection config) {
        longestEdge = longestEdge(config, "size", 4 * 364);
        tile = longestEdge(config, "max_image_size", 364);
        resizes = config.flag("do_resize", true);
        splits = config.flag("do_image_splitting", true);
        resample = Resample.of(config, Resample.Lanczos);
        levels = PixelLevels.of(config, PixelLevels.HALF);
    }

    /**
     * Reads {@code preprocessor_config.json}; what is absent there takes the processor's defaults. {@code do_pad} changes
     * nothing, since tiles have one size.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported when it asks for another processor or for what is
     *     not implemented
     */
    static Idefics3Images open(Path modelFolder) {
        ConfigSection config = ImageSettings.read(modelFolder);
        String type = config.text("image_processor_type", "Idefics3ImageProcessor");
        if (!type.startsWith("Idefics3ImageProcessor") && !type.startsWith("SmolVLMImageProcessor")) {
            throw config.refused("image_processor_type", "Idefics3ImageProcessor, SmolVLMImageProcessor");
        }
        return new Idefics3Images(config);
    }

    private static int longestEdge(ConfigSection config, String key, int absent) {
        if (!config.has(key)) {
            return absent;
        }
        ConfigSection size = config.section(key);
        if (!size.has("longest_edge") || size.has("height") || size.has("width")) {
            throw config.refused(key, "longest_edge alone");
        }
        return size.positive("longest_edge", absent);
    }

    /** Pixels on each side of a tile. */
    int tile() {
        return tile;
    }

    /** An image as the vision tower takes it. */
    Tiles process(RgbImage image) {
        RgbImage sized = resizes ? resized(image, longest(image)) : image;
        if (!splits) {
            return new Tiles(pixels(List.of(resized(sized, new Size(tile, tile)))), 0, 0);
        }
        RgbImage whole = resized(sized, wholeTiles(sized));
        int rows = whole.height() / tile;
        int columns = whole.width() / tile;
        if (rows == 1 && columns == 1) {
            return new Tiles(pixels(List.of(whole)), 0, 0);
        }
        List<RgbImage> tiles = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                tiles.add(cut(whole, row, column));
            }
        }
        tiles.add(resized(whole, new Size(tile, tile)));
        return new Tiles(pixels(tiles), rows, columns);
    }

    /** The longest edge as configured, the other even and in proportion: {@code get_resize_output_image_size}. */
    private Size longest(RgbImage image) {
        double aspect = (double) image.width() / image.height();
        Size even = image.width() >= image.height()
                ? new Size(even((int) (longestEdge / aspect)), longestEdge)
                : new Size(longestEdge, even((int) (longestEdge * aspect)));
        return belowLongest(even);
    }

    private static int even(int edge) {
        return Math.max(1, edge + edge % 2);
    }

    private static Size belowLongest(Size size) {
        double aspect = (double) size.width / size.height;
        if (size.width >= size.height && size.width > LONGEST) {
            return new Size(Math.max(1, (int) (LONGEST / aspect)), LONGEST);
        }
        if (size.height > size.width && size.height > LONGEST) {
            return new Size(LONGEST, Math.max(1, (int) (LONGEST * aspect)));
        }
        return size;
    }

    /** Both edges rounded up to whole tiles, the shorter one in proportion to the longer: {@code resize_for_vision_encoder}. */
    private Size wholeTiles(RgbImage image) {
        double aspect = (double) image.width() / image.height();
        if (image.width() >= image.height()) {
            int width = roundedUp(image.width());
            return new Size(roundedUp((int) (width / aspect)), width);
        }
        int height = roundedUp(image.height());
        return new Size(height, roundedUp((int) (height * aspect)));
    }

    private int roundedUp(int edge) {
        return Math.ceilDiv(edge, tile) * tile;
    }

    private RgbImage resized(RgbImage image, Size size) {
        return PilResize.resize(image, size.height, size.width, resample);
    }

    private RgbImage cut(RgbImage image, int row, int column) {
        byte[] pixels = new byte[3 * tile * tile];
        for (int y = 0; y < tile; y++) {
            int from = 3 * ((row * tile + y) * image.width() + column * tile);
            System.arraycopy(image.pixels(), from, pixels, 3 * tile * y, 3 * tile);
        }
        return new RgbImage(pixels, tile, tile);
    }

    private Pixels pixels(List<RgbImage> tiles) {
        int size = 3 * tile * tile;
        float[] values = new float[tiles.size() * size];
        for (int i = 0; i < tiles.size(); i++) {
            System.arraycopy(levels.planes(tiles.get(i)), 0, values, i * size, size);
        }
        return new Pixels(values, new int[] {tiles.size(), 3, tile, tile}, tile, tile);
    }
}
