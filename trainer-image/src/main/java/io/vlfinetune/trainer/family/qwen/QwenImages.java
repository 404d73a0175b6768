package io.vlfinetune.trainer.family.qwen;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;
import io.vlfinetune.trainer.processor.ImageEncoder;
import io.vlfinetune.trainer.processor.ImageSettings;
import io.vlfinetune.trainer.processor.PilResize;
import io.vlfinetune.trainer.processor.PixelLevels;
import io.vlfinetune.trainer.processor.Resample;
import java.nio.file.Path;

/**
 * What transformers' {@code Qwen2VLImageProcessor} (Pillow backend) does to an image: resize, rescale, normalise, cut
 * into patches [patches, 3 * frames * patch * patch], feature by feature, each picture as often as a patch has frames.
 *
 * @param size of the resized image
 * @param resample filter of the resizing
 * @param levels values of pixels
 * @param patch pixels on each side of a patch
 * @param frames pictures in a patch
 * @param merge patches on each side of a feature
 */
record QwenImages(SmartResize size, Resample resample, PixelLevels levels, int patch, int frames, int merge)
        implements ImageEncoder {
    private static final int LEAST = 56 * 56;
    private static final int MOST = 28 * 28 * 1280;

    /**
     * Reads a model folder's settings.
     *
     * @param patch pixels on each side of a patch, as the model wants them
     * @param frames pictures in a patch, as the model wants them
     * @param merge patches on each side of a feature, as the model wants them
     */
    static QwenImages open(Path folder, int patch, int frames, int merge) {
        ConfigSection config = ImageSettings.read(folder);
        if (!config.text("image_processor_type", "Qwen2VLImageProcessor").startsWith("Qwen2VLImageProcessor")) {
            throw config.refused("image_processor_type", "Qwen2VLImageProcessor");
        }
        if (!config.flag("do_resize", true)) {
            throw config.refused("do_resize", "true");
        }
        requireSame(config, "patch_size", 14, patch);
        requireSame(config, "temporal_patch_size", 2, frames);
        requireSame(config, "merge_size", 2, merge);
        return new QwenImages(
                new SmartResize(
                        patch * merge,
                        limit(config, "min_pixels", "shortest_edge", LEAST),
                        limit(config, "max_pixels", "longest_edge", MOST)),
                Resample.of(config, Resample.Bicubic),
                PixelLevels.of(config, PixelLevels.CLIP),
                patch,
                frames,
                merge);
    }

    private static void requireSame(ConfigSection config, String key, int absent, int model) {
        if (config.positive(key, absent) != model) {
            throw config.unsupported(key, "the vision tower's is " + model);
        }
    }

    /** A number of pixels: of its own, or in {@code size} under the name of an edge. */
    private static long limit(ConfigSection config, String key, String edge, int absent) {
        if (config.has(key) || !config.has("size")) {
            return config.positive(key, absent);
        }
        ConfigSection size = config.section("size");
        if (!size.has(edge)) {
            throw size.refused(edge, "a number of pixels, here or as " + key);
        }
        return size.positive(edge, absent);
    }

    @Override
    public Encoded encode(RgbImage image) {
        SmartResize.Size wanted = size.of(image.height(), image.width());
        RgbImage resized = PilResize.resize(image, wanted.height(), wanted.width(), resample);
        int rows = wanted.height() / patch;
        int columns = wanted.width() / patch;
        int[] shape = {rows * columns, 3 * frames * patch * patch};
        Pixels pixels = new Pixels(patches(resized, rows, columns), shape, rows, columns);
        int tokens = rows * columns / (merge * merge);
        return new Encoded(pixels, QwenChatTemplate.IMAGE.repeat(tokens), tokens);
    }

    private float[] patches(RgbImage image, int rows, int columns) {
        float[] planes = levels.planes(image);
        float[] values = new float[rows * columns * 3 * frames * patch * patch];
        int at = 0;
        for (int index = 0; index < rows * columns; index++) {
            int feature = index / (merge * merge);
            int inner = index % (merge * merge);
            int row = feature / (columns / merge) * merge + inner / merge;
            int column = feature % (columns / merge) * merge + inner % merge;
            for (int colour = 0; colour < 3; colour++) {
                int corner = (colour * image.height() + row * patch) * image.width() + column * patch;
                for (int frame = 0; frame < frames; frame++) {
                    for (int y = 0; y < patch; y++) {
                        System.arraycopy(planes, corner + y * image.width(), values, at, patch);
                        at += patch;
                    }
                }
            }
        }
        return values;
    }
}
