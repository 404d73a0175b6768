package io.vlfinetune.trainer.data;

import java.util.List;

/**
 * What one speaker says before the other answers.
 *
 * @param speaker who speaks
 * @param content text and images in order
 */
public record Turn(Speaker speaker, List<Content> content) {
    /** Copies the list. */
    public Turn {
        content = List.copyOf(content);
    }

    /** The number of images shown in this turn. */
    public int imageCount() {
        return (int) content.stream().filter(Content.Image.class::isInstance).count();
    }
}
