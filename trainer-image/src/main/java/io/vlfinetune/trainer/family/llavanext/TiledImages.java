package io.vlfinetune.trainer.family.llavanext;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;
import io.vlfinetune.trainer.processor.ImageEncoder;
import io.vlfinetune.trainer.processor.ImageSettings;
import io.vlfinetune.trainer.processor.PilResize;
import io.vlfinetune.trainer.processor.PixelLevels;
import io.vlfinetune.trainer.processor.Resample;
import io.vlfinetune.trainer.processor.Tiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What transformers' {@code LlavaNextImageProcessor} (Pillow backend) does to an image: one tile of the whole image,
 * squashed, then the tiles of the best canvas with the image in its middle, in reading order. Safe for use by several
 * threads.
 *
 * @param pinpoints the canvases
 * @param resample the filter
 * @param levels what becomes of pixels
 */
record TiledImages(Pinpoints pinpoints, Resample resample, PixelLevels levels) {
    /**
     * Reads the settings of a model folder; what is absent there takes the processor's defaults.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported when it asks for another processor or for what is
     *     not implemented
     */
    static TiledImages open(Path modelFolder) {
        ConfigSection config = ImageSettings.read(modelFolder);
        if (!config.text("image_processor_type", "LlavaNextImageProcessor").startsWith("LlavaNextImageProcessor")) {
            throw config.refused("image_processor_type", "LlavaNextImageProcessor");
        }
        config.requireText("aspect_ratio_setting", "anyres");
        // Tiles have their size already: to resize and to crop them changes nothing, whether it is switched on or not.
        int tile = edge(config, "size");
        if (edge(config, "crop_size") != tile) {
            throw config.unsupported("crop_size", "size is " + tile);
        }
        return new TiledImages(
                Pinpoints.of(config, tile),
                Resample.of(config, Resample.Bicubic),
                PixelLevels.of(config, PixelLevels.CLIP));
    }

    /** A square's edge: a number, the shortest edge alone, or equal height and width. */
    private static int edge(ConfigSection config, String key) {
        JsonNode value = config.node().path(key);
        if (!value.isObject()) {
            return config.positive(key, 224);
        }
        ConfigSection size = config.section(key);
        int edge = size.positive("shortest_edge", size.positive("height", 224));
        boolean square = size.has("shortest_edge") ? value.size() == 1 : size.positive("width", 224) == edge;
        if (!square) {
            throw config.refused(key, "shortest_edge alone, or equal height and width");
        }
        return edge;
    }

    /** Preprocesses images, with as many image tokens as there are features. */
    ImageEncoder encoder(String imageToken, int side) {
        return image -> {
            int features = TileMap.of(new Resolution(image.height(), image.width()), pinpoints, side)
                    .features();
            return new ImageEncoder.Encoded(process(image), imageToken.repeat(features), features);
        };
    }

    /** An image as the vision tower takes it, with its own height and width. */
    Pixels process(RgbImage image) {
        int tile = pinpoints.tile();
        Resolution canvas = pinpoints.best(new Resolution(image.height(), image.width()));
        List<RgbImage> tiles = new ArrayList<>();
        tiles.add(PilResize.resize(image, tile, tile, resample));
        tiles.addAll(Tiles.cut(padded(fitted(image, canvas), canvas), tile, tile));
        return Tiles.pixels(tiles, levels, image.height(), image.width());
    }

    /** As large as fits, with its aspect kept (transformers: {@code get_patch_output_size}). */
    private RgbImage fitted(RgbImage image, Resolution canvas) {
        double across = (double) canvas.width() / image.width();
        double down = (double) canvas.height() / image.height();
        if (across < down) {
            int height = Math.min((int) Math.ceil(image.height() * across), canvas.height());
            return PilResize.resize(image, height, canvas.width(), resample);
        }
        int width = Math.min((int) Math.ceil(image.width() * down), canvas.width());
        return PilResize.resize(image, canvas.height(), width, resample);
    }

    /** In the middle of black, which is not yet normalised; an odd row lies below and an odd column right. */
    private static RgbImage padded(RgbImage image, Resolution canvas) {
        int top = (canvas.height() - image.height()) / 2;
        int left = (canvas.width() - image.width()) / 2;
        byte[] pixels = new byte[3 * canvas.height() * canvas.width()];
        for (int y = 0; y < image.height(); y++) {
            System.arraycopy(
                    image.pixels(),
                    3 * y * image.width(),
                    pixels,
                    3 * ((top + y) * canvas.width() + left),
                    3 * image.width());
        }
        return new RgbImage(pixels, canvas.height(), canvas.width());
    }
}
