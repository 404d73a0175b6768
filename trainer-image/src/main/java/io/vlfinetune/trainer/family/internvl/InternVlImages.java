package io.vlfinetune.trainer.family.internvl;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;
import io.vlfinetune.trainer.processor.ImageSettings;
import io.vlfinetune.trainer.processor.PilResize;
import io.vlfinetune.trainer.processor.PixelLevels;
import io.vlfinetune.trainer.processor.Resample;
import io.vlfinetune.trainer.processor.Tiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What transformers' {@code InternVLProcessor} makes of an image with {@code GotOcr2ImageProcessor} (Pillow backend):
 * tiles in reading order, then, if there are several, the whole image as one more. The processor always cuts into tiles,
 * whatever {@code crop_to_patches} says in preprocessor_config.json. Safe for use by several threads.
 *
 * @param tile pixels on each side of a tile
 * @param least tiles
 * @param most tiles
 * @param resample the filter
 * @param levels what becomes of pixels
 */
record InternVlImages(int tile, int least, int most, Resample resample, PixelLevels levels) {
    /**
     * Reads the settings of a model folder; what is absent there takes the processor's defaults.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported when it asks for another processor or for what is
     *     not implemented
     */
    static InternVlImages open(Path modelFolder) {
        ConfigSection config = ImageSettings.read(modelFolder);
        if (!config.text("image_processor_type", "GotOcr2ImageProcessor").startsWith("GotOcr2ImageProcessor")) {
            throw config.refused("image_processor_type", "GotOcr2ImageProcessor");
        }
        if (!config.flag("do_resize", true)) {
            throw config.refused("do_resize", "true");
        }
        config.requireFalse("do_center_crop");
        config.requireFalse("do_pad");
        ConfigSection size = config.section("size");
        int tile = size.positive("height", 384);
        if (size.positive("width", 384) != tile
                || (config.has("size") && size.node().size() != 2)) {
            throw config.refused("size", "equal height and width");
        }
        return new InternVlImages(
                tile,
                config.positive("min_patches", 1),
                config.positive("max_patches", 12),
                Resample.of(config, Resample.Bicubic),
                PixelLevels.of(config, PixelLevels.CLIP));
    }

    /** An image as the vision tower takes it; its height and width count tiles. */
    Pixels process(RgbImage image) {
        TileGrid grid = most > 1 ? TileGrid.of(image.height(), image.width(), tile, least, most) : new TileGrid(1, 1);
        RgbImage canvas = PilResize.resize(image, grid.rows() * tile, grid.columns() * tile, resample);
        List<RgbImage> tiles = new ArrayList<>(Tiles.cut(canvas, tile, tile));
        if (tiles.size() > 1) {
            tiles.add(PilResize.resize(image, tile, tile, resample));
        }
        return Tiles.pixels(tiles, levels, grid.rows(), grid.columns());
    }
}
