package io.vlfinetune.trainer.processor;

import java.util.ArrayList;
import java.util.List;

/** A rendered conversation as it grows. */
public final class ChatText {
    private final StringBuilder text = new StringBuilder();
    private final List<RenderedText.Span> trained = new ArrayList<>();
    private final List<RenderedText.Span> images = new ArrayList<>();

    /** Adds text without loss. */
    public ChatText add(String more) {
        text.append(more);
        return this;
    }

    /** Adds the mark of the next image. */
    public ChatText image(String mark) {
        images.add(new RenderedText.Span(text.length(), text.length() + mark.length()));
        return add(mark);
    }

    /** Adds an answer and what ends it; both carry loss. */
    public ChatText answer(String answer) {
        trained.add(new RenderedText.Span(text.length(), text.length() + answer.length()));
        return add(answer);
    }

    /** What was added so far. */
    public RenderedText done() {
        return new RenderedText(text.toString(), trained, images);
    }
}
