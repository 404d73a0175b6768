package io.vlfinetune.trainer.processor;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What transformers' {@code CLIPImageProcessor} (Pillow backend) does to an image: resize, centre crop, rescale,
 * normalise, each with its switch. Source: transformers {@code image_processing_backends.py}, {@code image_transforms.py}.
 * Safe for use by several threads.
 */
public final class ClipImageProcessor {
    private final @Nullable Size resize;
    private final @Nullable Size crop;
    private final Resample resample;
    private final PixelLevels levels;

    /** Height and width, or the length of the shortest edge when the width is 0. */
    private record Size(int height, int width) {
        boolean isShortestEdge() {
            return width == 0;
        }
    }

    private ClipImageProcessor(@Nullable Size resize, @Nullable Size crop, Resample resample, PixelLevels levels) {
        this.resize = resize;
        this.crop = crop;
        this.resample = resample;
        this.levels = levels;
    }

    /**
     * Reads the settings of a model folder; what is absent there takes the processor's defaults.
     *
     * @throws TrainerException ModelUnsupported when it asks for another processor or for what is not implemented
     */
    public static ClipImageProcessor open(Path modelFolder) {
        ConfigSection config = ImageSettings.read(modelFolder);
        if (!config.text("image_processor_type", "CLIPImageProcessor").startsWith("CLIPImageProcessor")) {
            throw config.refused("image_processor_type", "CLIPImageProcessor");
        }
        config.requireFalse("do_pad");
        Size resize = config.flag("do_resize", true) ? size(config, "size", true, 224) : null;
        Size crop = config.flag("do_center_crop", true) ? size(config, "crop_size", false, 224) : null;
        return new ClipImageProcessor(
                resize, crop, Resample.of(config, Resample.Bicubic), PixelLevels.of(config, PixelLevels.CLIP));
    }

    /** The size of every image afterwards, if it does not depend on the image and is a square. */
    public OptionalInt squareSize() {
        Size last = crop != null ? crop : resize;
        return last != null && last.height == last.width ? OptionalInt.of(last.height) : OptionalInt.empty();
    }

    /** An image as the vision tower takes it. */
    public Pixels process(RgbImage image) {
        RgbImage sized = resize == null ? image : resized(image, resize);
        RgbImage cut = crop == null ? sized : cropped(sized, crop.height, crop.width);
        return Pixels.tile(levels.planes(cut), cut.height(), cut.width());
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

    /** An int is the shortest edge for {@code size}, and a square for {@code crop_size} (old checkpoints). */
    private static Size size(ConfigSection config, String key, boolean shortestEdge, int absent) {
        JsonNode value = config.node().path(key);
        if (!value.isObject()) {
            int edge = config.positive(key, absent);
            return new Size(edge, shortestEdge ? 0 : edge);
        }
        ConfigSection size = config.section(key);
        if (size.has("height") && size.has("width") && value.size() == 2) {
            return new Size(size.positive("height", 0), size.positive("width", 0));
        }
        if (shortestEdge && size.has("shortest_edge") && value.size() == 1) {
            return new Size(size.positive("shortest_edge", 0), 0);
        }
        throw config.refused(key, "height and width" + (shortestEdge ? ", or shortest_edge alone" : ""));
    }
}
