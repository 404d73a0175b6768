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
     */
    record Image(String reference, @Nullable ImageBytes bytes) implements Content {
        /** An image that the data file only refers to. */
        public Image(String reference) {
            this(reference, null);
        }
    }
}
