package io.vlfinetune.trainer.processor;

import java.util.Arrays;
import java.util.List;

/**
 * Tokens and where they begin in the text.
 *
 * @param ids token ids, {@code [sequence]}
 * @param starts {@code [sequence]}: the index of the token's first char, -1 for tokens that are not in the text
 */
@SuppressWarnings("ArrayRecordComponent") // a short-lived carrier between tokenizer and processor
public record TokenizedText(int[] ids, int[] starts) {
    /** The label of a position that carries no loss. */
    public static final int IGNORED = -100;

    /** {@code [sequence]}: the ids of the tokens that begin in one of the spans, {@link #IGNORED} everywhere else. */
    public int[] labels(List<RenderedText.Span> trained) {
        int[] labels = new int[ids.length];
        Arrays.fill(labels, IGNORED);
        for (int i = 0; i < ids.length; i++) {
            for (RenderedText.Span span : trained) {
                if (starts[i] >= span.start() && starts[i] < span.end()) {
                    labels[i] = ids[i];
                }
            }
        }
        return labels;
    }
}
