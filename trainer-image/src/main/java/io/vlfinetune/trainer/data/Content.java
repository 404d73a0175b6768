package io.vlfinetune.trainer.data;

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
     * @param reference a path relative to the media root, an absolute path beneath it, or a {@code data:} URI
     * @param marked whether it stands as {@code <image>} in a text, where blanks beside it often only lay the text out
     */
    record Image(String reference, boolean marked) implements Content {
        /** An image that is a piece of its own in the data file. */
        public Image(String reference) {
            this(reference, false);
        }
    }
}
