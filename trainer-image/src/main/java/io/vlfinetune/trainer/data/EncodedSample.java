package io.vlfinetune.trainer.data;

import java.util.List;

/**
 * One sample as the model reads it. The arrays are shared, not copied: whoever makes the record gives them up, and
 * nobody writes them. Two records are equal only if they share them.
 *
 * @param id where the sample comes from, for messages: file and line
 * @param inputIds token ids, with one image token for each image feature
 * @param labels the token expected at each place; -100 where there is no loss
 * @param images the images in the order of their tokens; empty for text alone
 */
@SuppressWarnings("ArrayRecordComponent") // shared as documented
public record EncodedSample(String id, int[] inputIds, int[] labels, List<Pixels> images) {
    /** Refuses labels of another length than the ids. */
    public EncodedSample {
        if (inputIds.length != labels.length) {
            throw new IllegalArgumentException(
                    id + ": " + inputIds.length + " token ids but " + labels.length + " labels");
        }
        images = List.copyOf(images);
    }
}
