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
     */
    record Image(String reference) implements Content {}
}
