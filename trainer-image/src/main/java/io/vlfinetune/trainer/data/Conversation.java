package io.vlfinetune.trainer.data;

import java.util.List;

/**
 * One sample of a data file, whatever its format was. It has at least one assistant turn, and images stand in user
 * turns alone.
 *
 * @param location where it was read, for error messages
 * @param turns in order
 */
public record Conversation(SampleLocation location, List<Turn> turns) {
    /** Copies the list. */
    public Conversation {
        turns = List.copyOf(turns);
    }

    /** All images, in the order in which they are shown. */
    public List<Content.Image> images() {
        return turns.stream()
                .flatMap(turn -> turn.content().stream())
                .filter(Content.Image.class::isInstance)
                .map(Content.Image.class::cast)
                .toList();
    }
}
