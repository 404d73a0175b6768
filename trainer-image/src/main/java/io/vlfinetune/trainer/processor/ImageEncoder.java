package io.vlfinetune.trainer.processor;

import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;

/** Preprocesses images as one family of models does. Safe for use by several threads. */
public interface ImageEncoder {
    /**
     * An image as the vision tower takes it, and what stands for it in the text.
     *
     * @throws RefusedException if the family takes no such image
     */
    Encoded encode(RgbImage image);

    /**
     * A preprocessed image.
     *
     * @param pixels for the vision tower
     * @param text what replaces the image's mark in the rendered conversation
     * @param tokens how many image tokens, one for each feature, are in that text
     */
    record Encoded(Pixels pixels, String text, int tokens) {}
}
