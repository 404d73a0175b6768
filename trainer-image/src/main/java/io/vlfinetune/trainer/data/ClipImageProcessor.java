package io.vlfinetune.trainer.data;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What transformers' {@code CLIPImageProcessor} (Pillow backend) does to an image: resize, centre crop, rescale,
 * normalise, each with its switch. Source: transformers {@code image_processing_backends.py}, {@code image_transforms.py}.
 * Safe for use by several threads.
 */
public final class ClipImageProcessor {
    private static final double[] CLIP_MEAN = {0.48145466, 0.4578275, 0.40821073};
    private static final double[] CLIP_STD = {0.26862954, 0.26130258, 0.27577711};

    private final @Nullable Size resize;
    private final @Nullable Size crop;
    private final Resample resample;

    /** {@code [3][256]}: what each 8-bit level becomes. */
    private final float[][] levels;

    /** Height and width, or the length of the shortest edge when the width is 0. */
    private record Size(int height, int width) {
        boolean isShortestEdge() {
            return width == 0;
        }
    }

    private ClipImageProcessor(@Nullable Size resize, @Nullable Size crop, Resample resample, float[][] levels) {
        this.resize = resize;
        this.crop = crop;
        this.resample = resample;
        this.levels = levels;
    }

    /**
     * Reads {@code preprocessor_config.json}; what is absent there takes the processor's defaults.
     *
     * @throws TrainerException ModelUnsupported when it asks for another processor or for what is not implemented
     */
    public static ClipImageProcessor open(Path modelFolder) {
        ModelJson config = ModelJson.read(modelFolder, "preprocessor_config.json");
        String type = config.text("image_processor_type");
        if (type != null && !type.startsWith("CLIPImageProcessor")) {
            throw config.unsupported("image_processor_type", "is " + type + "; supported is CLIPImageProcessor");
        }
        if (config.flag("do_pad", false)) {
            throw config.unsupported("do_pad", "is true; padding to a square is not supported by CLIPImageProcessor");
        }
        Size resize = config.flag("do_resize", true) ? size(config, "size", true, 224) : null;
        Size crop = config.flag("do_center_crop", true) ? size(config, "crop_size", false, 224) : null;
        return new ClipImageProcessor(resize, crop, resample(config), levels(config));
    }

    /** The size of every image afterwards, if it does not depend on the image and is a square. */
    public OptionalInt squareSize() {
        Size last = crop != null ? crop : resize;
        return last != null && last.height == last.width ? OptionalInt.of(last.height) : OptionalInt.empty();
    }

    /** An image as the vision tower takes it. */
    public Pixels process(RgbImage image) {
        RgbImage sized = resize == null ? image : resized(image, resize);
        return normalised(crop == null ? sized : cropped(sized, crop.height, crop.width));
    }

    private RgbImage resized(RgbImage image, Size size) {
        if (!size.isShortestEdge()) {
            return PilResize.resize(image, size.height, size.width, resample);
        }
        int edge = size.height;
        // int(size * long / short) of get_resize_output_image_size: a quotient of doubles, cut
        return image.width() <= image.height()
                ? PilResize.resize(
                        image, (int) ((double) ((long) edge * image.height()) / image.width()), edge, resample)
                : PilResize.resize(
                        image, edge, (int) ((double) ((long) edge * image.width()) / image.height()), resample);
    }

    /** Crops around the centre; a smaller image is surrounded by zeros, the odd row above and the odd column left. */
    private static RgbImage cropped(RgbImage image, int height, int width) {
        int top = offset(image.height(), height);
        int left = offset(image.width(), width);
        byte[] pixels = new byte[3 * height * width];
        int from = Math.max(0, left);
        int count = Math.min(image.width(), left + width) - from;
        for (int y = Math.max(0, top); y < Math.min(image.height(), top + height); y++) {
            System.arraycopy(
                    image.pixels(),
                    3 * (y * image.width() + from),
                    pixels,
                    3 * ((y - top) * width + from - left),
                    3 * count);
        }
        return new RgbImage(pixels, height, width);
    }

    /** Where the crop begins in the image; negative where zeros come first. */
    private static int offset(int have, int want) {
        return have >= want ? (have - want) / 2 : -((want - have + 1) / 2);
    }

    private Pixels normalised(RgbImage image) {
        int plane = image.height() * image.width();
        float[] values = new float[3 * plane];
        for (int channel = 0; channel < 3; channel++) {
            for (int i = 0; i < plane; i++) {
                values[channel * plane + i] = levels[channel][image.pixels()[3 * i + channel] & 0xFF];
            }
        }
        return new Pixels(values, image.height(), image.width());
    }

    private static float[][] levels(ModelJson config) {
        boolean rescale = config.flag("do_rescale", true);
        boolean normalise = config.flag("do_normalize", true);
        double factor = config.number("rescale_factor", 1 / 255.0);
        double[] mean = channels(config, "image_mean", CLIP_MEAN);
        double[] deviation = channels(config, "image_std", CLIP_STD);
        float[][] levels = new float[3][256];
        for (int channel = 0; channel < 3; channel++) {
            for (int level = 0; level < 256; level++) {
                // rescale multiplies in Float64 and rounds to Float32; normalise stays in Float32
                float value = rescale ? (float) (level * factor) : level;
                levels[channel][level] =
                        normalise ? (value - (float) mean[channel]) / (float) deviation[channel] : value;
            }
        }
        return levels;
    }

    private static double[] channels(ModelJson config, String key, double[] absent) {
        JsonNode value = config.json().path(key);
        if (!config.has(key)) {
            return absent;
        }
        if (value.isNumber()) {
            return new double[] {value.doubleValue(), value.doubleValue(), value.doubleValue()};
        }
        if (!value.isArray() || value.size() != 3) {
            throw config.unsupported(key, "must be three numbers");
        }
        double[] channels = new double[3];
        for (int channel = 0; channel < 3; channel++) {
            if (!value.get(channel).isNumber()) {
                throw config.unsupported(key, "must be three numbers");
            }
            channels[channel] = value.get(channel).doubleValue();
        }
        return channels;
    }

    /** An int is the shortest edge for {@code size}, and a square for {@code crop_size} (old checkpoints). */
    private static Size size(ModelJson config, String key, boolean shortestEdge, int absent) {
        JsonNode value = config.json().path(key);
        if (!value.isObject()) {
            int edge = config.positive(key, absent);
            return new Size(edge, shortestEdge ? 0 : edge);
        }
        ModelJson size = config.within(key);
        if (size.has("height") && size.has("width") && value.size() == 2) {
            return new Size(size.positive("height", 0), size.positive("width", 0));
        }
        if (shortestEdge && size.has("shortest_edge") && value.size() == 1) {
            return new Size(size.positive("shortest_edge", 0), 0);
        }
        throw config.unsupported(
                key,
                "is " + value + "; supported are height and width" + (shortestEdge ? ", or shortest_edge alone" : ""));
    }

    private static Resample resample(ModelJson config) {
        int number = config.count("resample", 3);
        return switch (number) {
            case 1 -> Resample.Lanczos;
            case 2 -> Resample.Bilinear;
            case 3 -> Resample.Bicubic;
            default ->
                throw new TrainerException(
                        Reason.ModelUnsupported,
                        config.file() + ": `resample` is " + number + filterName(number)
                                + "; supported are 1 (Lanczos), 2 (bilinear) and 3 (bicubic)");
        };
    }

    private static String filterName(int number) {
        return switch (number) {
            case 0 -> " (nearest)";
            case 4 -> " (box)";
            case 5 -> " (Hamming)";
            default -> "";
        };
    }
}
