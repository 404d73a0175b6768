package io.vlfinetune.trainer.processor;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.RgbImage;

/**
 * What each 8-bit level of each colour becomes: rescaled, then normalised, each with its switch. Source: transformers
 * {@code image_transforms.py}, {@code rescale} and {@code normalize}.
 */
public final class PixelLevels {
    /** Mean and deviation of CLIP's training images. */
    public static final Normalisation CLIP = new Normalisation(
            new double[] {0.48145466, 0.4578275, 0.40821073}, new double[] {0.26862954, 0.26130258, 0.27577711});

    /** Mean and deviation of ImageNet. */
    public static final Normalisation IMAGENET =
            new Normalisation(new double[] {0.485, 0.456, 0.406}, new double[] {0.229, 0.224, 0.225});

    /** One half for both: levels from -1 to 1. */
    public static final Normalisation HALF =
            new Normalisation(new double[] {0.5, 0.5, 0.5}, new double[] {0.5, 0.5, 0.5});

    /** {@code [3][256]}. */
    private final float[][] levels;

    private PixelLevels(float[][] levels) {
        this.levels = levels;
    }

    /**
     * Mean and deviation of each colour.
     *
     * @param mean of red, green and blue
     * @param deviation of red, green and blue
     */
    @SuppressWarnings("ArrayRecordComponent") // constants that nobody compares
    public record Normalisation(double[] mean, double[] deviation) {}

    /**
     * Reads {@code preprocessor_config.json}.
     *
     * @param absent what counts where the file says nothing
     */
    public static PixelLevels of(ConfigSection config, Normalisation absent) {
        boolean rescale = config.flag("do_rescale", true);
        boolean normalise = config.flag("do_normalize", true);
        double factor = config.number("rescale_factor", 1 / 255.0);
        double[] mean = colours(config, "image_mean", absent.mean);
        double[] deviation = colours(config, "image_std", absent.deviation);
        float[][] levels = new float[3][256];
        for (int colour = 0; colour < 3; colour++) {
            for (int level = 0; level < 256; level++) {
                // rescale multiplies in Float64 and rounds to Float32; normalise stays in Float32
                float value = rescale ? (float) (level * factor) : level;
                levels[colour][level] = normalise ? (value - (float) mean[colour]) / (float) deviation[colour] : value;
            }
        }
        return new PixelLevels(levels);
    }

    /** The value of a level of a colour: 0 red, 1 green, 2 blue. */
    public float of(int colour, int level) {
        return levels[colour][level];
    }

    /** An image's values, [3, height, width]. */
    public float[] planes(RgbImage image) {
        int plane = image.height() * image.width();
        float[] values = new float[3 * plane];
        for (int colour = 0; colour < 3; colour++) {
            for (int i = 0; i < plane; i++) {
                values[colour * plane + i] = levels[colour][image.pixels()[3 * i + colour] & 0xFF];
            }
        }
        return values;
    }

    private static double[] colours(ConfigSection config, String key, double[] absent) {
        if (!config.has(key)) {
            return absent;
        }
        JsonNode value = config.node().path(key);
        if (value.isNumber()) {
            return new double[] {value.doubleValue(), value.doubleValue(), value.doubleValue()};
        }
        if (!value.isArray() || value.size() != 3) {
            throw config.refused(key, "three numbers");
        }
        double[] colours = new double[3];
        for (int colour = 0; colour < 3; colour++) {
            if (!value.get(colour).isNumber()) {
                throw config.refused(key, "three numbers");
            }
            colours[colour] = value.get(colour).doubleValue();
        }
        return colours;
    }
}
