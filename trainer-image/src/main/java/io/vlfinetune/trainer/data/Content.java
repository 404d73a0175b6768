package io.vlfinetune.trainer.data;

import org.jspecify.annotations.Nullable;

/** A piece of a turn. Pieces keep the order of the data file. */
public sealed interface Content {
    /**
     * Words, verbatim.
     *
     * @param text without image marks
     */
    record Text(String text) implements Content {}

    /**
     * An image.
     *
     * @param reference a path relative to the media root, an absolute path beneath it, or a {@code data:} URI; where
     *     there are bytes, what messages call it
     * @param bytes the image itself, where the data file has it
     * @param marked whether it stands as {@code <image>} in a text, where blanks beside it often only lay the text out
     */
    record Image(String reference, @Nullable ImageBytes bytes, boolean marked) implements Content {
        /** An image that is a piece of its own in the data file, which holds it. */
        public Image(String reference, @Nullable ImageBytes bytes) {
            this(reference, bytes, false);
        }

        /** An image that is a piece of its own in the data file, which only refers to it. */
        public Image(String reference) {
            this(reference, null);
        }

        /** The same image as a mark in a text. */
        public Image asMark() {
            return new Image(reference, bytes, true);
        }
    }
}
