package io.vlfinetune.trainer.processor;

import java.util.ArrayList;
import java.util.List;

/**
 * A conversation as a template writes it.
 *
 * @param text with the marks of turns and images
 * @param trained the parts that carry loss, in order
 * @param images the marks of the images, in order; none of them lies in a trained part
 */
public record RenderedText(String text, List<Span> trained, List<Span> images) {
    /** Copies the lists. */
    public RenderedText {
        trained = List.copyOf(trained);
        images = List.copyOf(images);
    }

    /**
     * A part of the text.
     *
     * @param start index of the first char
     * @param end index after the last char
     */
    public record Span(int start, int end) {}

    /** The same text with every image's mark replaced. */
    public RenderedText expanded(List<String> replacements) {
        if (replacements.size() != images.size()) {
            throw new IllegalArgumentException(replacements.size() + " texts for " + images.size() + " images");
        }
        StringBuilder made = new StringBuilder();
        List<Span> marks = new ArrayList<>();
        List<Span> answers = new ArrayList<>();
        int from = 0;
        int next = 0;
        for (int i = 0; i <= images.size(); i++) {
            int to = i < images.size() ? images.get(i).start : text.length();
            int moved = made.length() - from;
            for (; next < trained.size() && trained.get(next).start < to; next++) {
                answers.add(new Span(trained.get(next).start + moved, trained.get(next).end + moved));
            }
            made.append(text, from, to);
            if (i < images.size()) {
                marks.add(new Span(
                        made.length(), made.length() + replacements.get(i).length()));
                made.append(replacements.get(i));
                from = images.get(i).end;
            }
        }
        // An empty answer at the very end begins where the text ends.
        int moved = made.length() - text.length();
        for (; next < trained.size(); next++) {
            answers.add(new Span(trained.get(next).start + moved, trained.get(next).end + moved));
        }
        return new RenderedText(made.toString(), answers, marks);
    }

    /**
     * What a model is given to write the last answer itself: everything before it.
     *
     * @throws IllegalStateException if there is no answer
     */
    public RenderedText prompt() {
        if (trained.isEmpty()) {
            throw new IllegalStateException("a conversation without an answer");
        }
        int end = trained.getLast().start;
        return new RenderedText(
                text.substring(0, end),
                trained.subList(0, trained.size() - 1),
                images.stream().filter(image -> image.start < end).toList());
    }
}
