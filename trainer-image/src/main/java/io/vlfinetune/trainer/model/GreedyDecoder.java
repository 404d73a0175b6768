package io.vlfinetune.trainer.model;

import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.Ops;
import java.util.Arrays;
import java.util.Set;

/**
 * Lets a model answer: always the token with the highest logit. Images are read once; the text so far is read again for
 * every token, which is exact and fast enough for short answers.
 *
 * @param ops the engine
 * @param executor the model
 * @param imageToken the token that stands for an image feature
 * @param endTokens tokens that end an answer
 */
public record GreedyDecoder(Ops ops, Executor executor, int imageToken, Set<Integer> endTokens) {
    /** Copies the set. */
    public GreedyDecoder {
        endTokens = Set.copyOf(endTokens);
    }

    /**
     * The model's answer.
     *
     * @param prompt everything before it
     * @param most how many tokens it may have
     * @return its tokens, without one that ends it
     */
    public int[] answer(EncodedSample prompt, int most) {
        int before = prompt.inputIds().length;
        Flow images;
        try (Batch batch = Batch.prompt(ops, prompt, imageToken)) {
            images = executor.beforeMerge(batch);
        }
        try {
            EncodedSample text = prompt;
            for (int made = 0; made < most; made++) {
                int token;
                try (Batch batch = Batch.prompt(ops, text, imageToken)) {
                    token = executor.nextToken(images, batch);
                }
                if (endTokens.contains(token)) {
                    break;
                }
                text = longer(text, token);
            }
            return Arrays.copyOfRange(text.inputIds(), before, text.inputIds().length);
        } finally {
            images.close();
        }
    }

    private static EncodedSample longer(EncodedSample text, int token) {
        int next = 1
                + Arrays.stream(text.positions())
                        .flatMapToInt(Arrays::stream)
                        .max()
                        .orElse(0);
        return new EncodedSample(
                text.id(),
                with(text.inputIds(), token),
                with(text.labels(), EncodedSample.NO_LOSS),
                text.images(),
                Arrays.stream(text.positions()).map(axis -> with(axis, next)).toArray(int[][]::new));
    }

    private static int[] with(int[] values, int more) {
        int[] all = Arrays.copyOf(values, values.length + 1);
        all[values.length] = more;
        return all;
    }
}
