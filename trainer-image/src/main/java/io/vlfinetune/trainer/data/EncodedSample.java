package io.vlfinetune.trainer.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * One sample as the model reads it. The arrays are shared, not copied: whoever makes the record gives them up, and
 * nobody writes them. Two records are equal only if they share them.
 *
 * @param id where the sample comes from, for messages: file and line
 * @param inputIds token ids, with one image token for each image feature
 * @param labels the token expected at each place; {@link #NO_LOSS} where there is none
 * @param images the images in the order of their tokens; empty for text alone
 * @param positions {@code [axes][sequence]} rotary positions; without axes they count up from 0
 */
@SuppressWarnings("ArrayRecordComponent") // shared as documented
public record EncodedSample(String id, int[] inputIds, int[] labels, List<Pixels> images, int[][] positions) {
    /** The label of a place without loss. */
    public static final int NO_LOSS = -100;

    /** Refuses labels or positions of another length than the ids. */
    public EncodedSample {
        if (inputIds.length != labels.length) {
            throw new IllegalArgumentException(
                    id + ": " + inputIds.length + " token ids but " + labels.length + " labels");
        }
        for (int[] axis : positions) {
            if (axis.length != inputIds.length) {
                throw new IllegalArgumentException(
                        id + ": " + inputIds.length + " token ids but " + axis.length + " positions");
            }
        }
        images = List.copyOf(images);
    }

    /** A sample whose positions count up from 0. */
    public EncodedSample(String id, int[] inputIds, int[] labels, List<Pixels> images) {
        this(id, inputIds, labels, images, new int[0][]);
    }

    /** Target tokens; the first token of a sample is never predicted. */
    public int targets() {
        return (int)
                Arrays.stream(labels).skip(1).filter(label -> label != NO_LOSS).count();
    }

    /** The key of everything a model reads of it: tokens, labels, positions, images. */
    public ContentKey key() {
        var contents = new ContentKey.Builder().add(inputIds).add(labels).add(positions.length);
        for (int[] axis : positions) {
            contents.add(axis);
        }
        images.forEach(image -> contents.add(image.key()));
        return contents.key();
    }

    /** The same sample, the keys of its images worked out. */
    public EncodedSample digested() {
        return with(images.stream().map(Pixels::digested).toList());
    }

    /**
     * The same sample without the values of its images.
     *
     * @param again makes the sample once more, should somebody want them after all
     */
    public EncodedSample released(Supplier<EncodedSample> again) {
        List<Pixels> without = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            int image = i;
            without.add(
                    images.get(i).released(() -> again.get().images().get(image).values()));
        }
        return with(without);
    }

    private EncodedSample with(List<Pixels> others) {
        return new EncodedSample(id, inputIds, labels, others, positions);
    }
}
