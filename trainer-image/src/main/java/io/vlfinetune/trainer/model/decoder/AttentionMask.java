package io.vlfinetune.trainer.model.decoder;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.Looks;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.weights.Weights;

/**
 * Causal attention in which the tokens of one image look at each other in both directions, and which may be cut to a
 * window (transformers: modeling_gemma3.py, {@code create_masks_for_vision_model}). Two images are one if no other token
 * lies between them.
 *
 * @param window how many places a token looks back, itself included; the largest number for all of them
 */
public record AttentionMask(int window) {
    /** Without a window. */
    public static final AttentionMask WHOLE = new AttentionMask(Integer.MAX_VALUE);

    /** Which tokens a token looks at; the mask has the shape [rows or 1, 1, length, length]. */
    public Looks of(Weights weights, Batch batch) {
        int length = batch.length();
        if (window >= length && !equals(WHOLE)) {
            return WHOLE.of(weights, batch);
        }
        if (window >= length && batch.isTextOnly()) {
            return new Looks.Back();
        }
        var ops = weights.ops();
        return new Looks.Masked(batch.derived(this, ops, () -> {
            int rows = batch.isTextOnly() ? 1 : batch.rows();
            return ops.cast(ops.of(values(batch, rows), rows, 1, length, length), weights.precision());
        }));
    }

    private float[] values(Batch batch, int rows) {
        int length = batch.length();
        int[] ends = ends(batch, rows);
        float[] values = new float[places(batch, rows)];
        for (int row = 0; row < rows; row++) {
            for (int from = 0; from < length; from++) {
                int end = Math.max(from + 1, ends[row * length + from]);
                for (int to = 0; to < length; to++) {
                    boolean looks = to < end && to > from - window;
                    values[(row * length + from) * length + to] = looks ? 0 : Float.NEGATIVE_INFINITY;
                }
            }
        }
        return values;
    }

    private static int places(Batch batch, int rows) {
        long places = (long) rows * batch.length() * batch.length();
        if (places > Integer.MAX_VALUE - 8) { // more than any JVM gives an array
            throw new TrainerException(
                    Reason.DataInvalid,
                    batch.samples().getFirst()
                            + ": the attention mask of the batch that begins here, %d samples of up to %d tokens, has more than %d places; lower spec.training.batchSize or shorten the samples (spec.data.maxLength refuses long ones)"
                                    .formatted(rows, batch.length(), Integer.MAX_VALUE - 8));
        }
        return (int) places;
    }

    /** For every place of an image the place after the image's last; 0 elsewhere. */
    private static int[] ends(Batch batch, int rows) {
        int length = batch.length();
        int[] ends = new int[rows * length];
        long[] places = batch.imagePlaces().toLongArray();
        for (int i = places.length - 1; i >= 0; i--) {
            int place = (int) places[i];
            boolean inside = (place + 1) % length != 0 && ends[place + 1] > 0;
            ends[place] = inside ? ends[place + 1] : place % length + 1;
        }
        return ends;
    }
}
