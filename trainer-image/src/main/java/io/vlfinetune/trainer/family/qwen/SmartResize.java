package io.vlfinetune.trainer.family.qwen;

import io.vlfinetune.trainer.processor.RefusedException;

/**
 * The size that Qwen gives an image: whole features on each side, the number of pixels within limits, the aspect kept as
 * far as that goes (transformers: image_processing_pil_qwen2_vl.py, {@code smart_resize}).
 *
 * @param factor pixels on each side of a feature
 * @param least fewest pixels
 * @param most most pixels
 */
record SmartResize(int factor, long least, long most) {
    private static final int LONGEST_ASPECT = 200;

    /**
     * A size.
     *
     * @param height rows
     * @param width columns
     */
    record Size(int height, int width) {}

    /**
     * The size an image of that size gets.
     *
     * @throws RefusedException if one side is more than 200 times the other
     */
    Size of(int height, int width) {
        double aspect = (double) Math.max(height, width) / Math.min(height, width);
        if (aspect > LONGEST_ASPECT) {
            throw new RefusedException(
                    "an image of %d x %d pixels is too long for this model: one side may be at most %d"
                                    .formatted(height, width, LONGEST_ASPECT)
                            + " times the other; crop or remove it");
        }
        // Python rounds half to even, as rint does.
        long high = (long) Math.rint((double) height / factor) * factor;
        long wide = (long) Math.rint((double) width / factor) * factor;
        double pixels = (double) height * width;
        if (high * wide > most) {
            double shrink = Math.sqrt(pixels / most);
            high = Math.max(factor, (long) Math.floor(height / shrink / factor) * factor);
            wide = Math.max(factor, (long) Math.floor(width / shrink / factor) * factor);
        } else if (high * wide < least) {
            double grow = Math.sqrt(least / pixels);
            high = (long) Math.ceil(height * grow / factor) * factor;
            wide = (long) Math.ceil(width * grow / factor) * factor;
        }
        return new Size(Math.toIntExact(high), Math.toIntExact(wide));
    }
}
