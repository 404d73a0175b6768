package io.vlfinetune.trainer.data;

import java.util.List;

/**
 * A conversation as the model reads it.
 *
 * @param text with the marks of turns and images
 * @param trained the parts that carry loss, in order
 */
public record RenderedText(String text, List<Span> trained) {
    /** Copies the list. */
    public RenderedText {
        trained = List.copyOf(trained);
    }

    /**
     * A part of the text.
     *
     * @param start index of the first char
     * @param end index after the last char
     */
    public record Span(int start, int end) {}
}
