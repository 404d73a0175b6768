package io.vlfinetune.trainer.family.gemma3;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;
import io.vlfinetune.trainer.processor.ImageSettings;
import io.vlfinetune.trainer.processor.PilResize;
import io.vlfinetune.trainer.processor.PixelLevels;
import io.vlfinetune.trainer.processor.Resample;
import java.nio.file.Path;

/**
 * What transformers' {@code Gemma3ImageProcessor} (Pillow backend) does to an image, without pan and scan: squash to one
 * size, rescale, normalise. Source: {@code image_processing_pil_gemma3.py}. Safe for use by several threads.
 *
 * @param height rows of every image afterwards
 * @param width columns of every image afterwards
 * @param resample the filter
 * @param levels what each level becomes
 */
record Gemma3Images(int height, int width, Resample resample, PixelLevels levels) {
    /**
     * Reads {@code preprocessor_config.json}; what is absent there takes the processor's defaults.
     *
     * @param side pixels on each side of the vision tower's images
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported when it asks for another processor, another size or
     *     for what is not implemented
     */
    static Gemma3Images open(Path modelFolder, int side) {
        ConfigSection config = ImageSettings.read(modelFolder);
        if (!config.text("image_processor_type", "Gemma3ImageProcessor").startsWith("Gemma3ImageProcessor")) {
            throw config.refused("image_processor_type", "Gemma3ImageProcessor");
        }
        config.requireFalse("do_pan_and_scan");
        if (!config.flag("do_resize", true)) {
            throw config.refused("do_resize", "true");
        }
        ConfigSection size = config.section("size");
        int height = size.positive("height", 224);
        int width = size.positive("width", 224);
        if (size.has("shortest_edge") || size.has("longest_edge") || height != side || width != side) {
            throw config.refused("size", "height and width " + side + ", vision_config.image_size of config.json");
        }
        return new Gemma3Images(
                height, width, Resample.of(config, Resample.Bilinear), PixelLevels.of(config, PixelLevels.HALF));
    }

    /** An image as the vision tower takes it. */
    Pixels process(RgbImage image) {
        return Pixels.tile(levels.planes(PilResize.resize(image, height, width, resample)), height, width);
    }
}
