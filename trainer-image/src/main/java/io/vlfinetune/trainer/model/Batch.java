package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a step reads besides weights: samples padded on the right to one length. Attention is causal, so padding changes
 * nothing before it and needs no mask.
 */
public final class Batch implements AutoCloseable {
    private final Ops ops;
    private final List<EncodedSample> encoded;
    private final int imageToken;
    private final int length;
    private final NDArray ids;
    private final NDArray imagePlaces;
    private final NDArray lossPlaces;
    private final NDArray targets;
    private final int[] targetsOfSample;
    private final List<BatchImage> images;
    private final long[][] positions;
    private final Map<Object, NDArray> derived = new HashMap<>();
    private @Nullable NDArray pixels;

    private Batch(Ops ops, List<EncodedSample> encoded, int padToken, int imageToken) {
        BatchPlaces places = new BatchPlaces(encoded, padToken, imageToken);
        this.ops = ops;
        this.encoded = List.copyOf(encoded);
        this.imageToken = imageToken;
        length = places.length;
        images = images(encoded);
        positions = positions(encoded, places.length);
        ids = ops.of(places.ids, encoded.size(), length);
        imagePlaces = array(ops, places.images);
        lossPlaces = array(ops, places.losses);
        targets = array(ops, places.targets);
        targetsOfSample = places.targetsOfSample;
    }

    /**
     * Puts samples together.
     *
     * @param padToken fills rows up on the right
     * @param imageToken stands where an image feature goes
     * @throws TrainerException DataInvalid if no place has a target, if a sample has images but no image token or the
     *     other way round, or if images differ in size
     */
    public static Batch of(Ops ops, List<EncodedSample> samples, int padToken, int imageToken) {
        Batch batch = together(ops, samples, padToken, imageToken);
        if (batch.targetCount() == 0) {
            batch.close();
            throw new TrainerException(
                    Reason.DataInvalid,
                    samples.getFirst().id() + ": no token of the batch that begins here is an answer to learn from");
        }
        return batch;
    }

    /** A beginning for the model to go on from: one sample, which needs no place with a target. */
    public static Batch prompt(Ops ops, EncodedSample sample, int imageToken) {
        return together(ops, List.of(sample), imageToken, imageToken);
    }

    private static Batch together(Ops ops, List<EncodedSample> samples, int padToken, int imageToken) {
        samples.forEach(sample -> requireMarks(sample, imageToken));
        requireOneSize(samples);
        return new Batch(ops, samples, padToken, imageToken);
    }

    /** One of its samples as a batch of its own, which need not have a place with a target; the caller closes it. */
    Batch sample(int row) {
        return new Batch(ops, List.of(encoded.get(row)), imageToken, imageToken);
    }

    /** One of its images, without any text, as a batch of its own; the caller closes it. */
    Batch image(int index) {
        EncodedSample whole = encoded.get(images.get(index).row());
        return new Batch(
                ops,
                List.of(new EncodedSample(whole.id(), new int[0], new int[0], List.of(pixelsOf(index)))),
                imageToken,
                imageToken);
    }

    /** The samples, one for each row. */
    List<EncodedSample> encoded() {
        return encoded;
    }

    /** An image as it was preprocessed. */
    Pixels pixelsOf(int index) {
        return encoded.stream()
                .flatMap(sample -> sample.images().stream())
                .skip(index)
                .findFirst()
                .orElseThrow();
    }

    private static void requireMarks(EncodedSample sample, int imageToken) {
        boolean marked = Arrays.stream(sample.inputIds()).anyMatch(id -> id == imageToken);
        if (marked == sample.images().isEmpty()) {
            throw new TrainerException(
                    Reason.DataInvalid,
                    sample.id() + ": " + sample.images().size() + " images, but "
                            + (marked ? "image tokens" : "no image token")
                            + " in the text; give as many <image> as images");
        }
    }

    private static void requireOneSize(List<EncodedSample> samples) {
        List<Pixels> images = pixels(samples);
        for (Pixels pixels : images) {
            if (!pixels.fits(images.getFirst())) {
                throw new TrainerException(
                        Reason.DataInvalid,
                        samples.getFirst().id() + ": the batch that begins here mixes images of "
                                + size(images.getFirst()) + " and " + size(pixels)
                                + " pixels after preprocessing; check preprocessor_config.json");
            }
        }
    }

    private static List<Pixels> pixels(List<EncodedSample> samples) {
        return samples.stream().flatMap(sample -> sample.images().stream()).toList();
    }

    private NDArray together(List<Pixels> all) {
        if (all.isEmpty()) {
            return ops.empty(DType.F32, 0, 3, 1, 1);
        }
        long[] shape = Arrays.stream(all.getFirst().shape()).asLongStream().toArray();
        shape[0] = all.stream().mapToLong(Pixels::pieces).sum();
        NDArray made = ops.empty(DType.F32, shape);
        MemorySegment memory = ops.memory(made);
        long at = 0;
        for (Pixels pixels : all) {
            MemorySegment values = MemorySegment.ofArray(pixels.values());
            memory.asSlice(at, values.byteSize()).copyFrom(values);
            at += values.byteSize();
        }
        return made;
    }

    private static String size(Pixels pixels) {
        return pixels.height() + " x " + pixels.width();
    }

    private static List<BatchImage> images(List<EncodedSample> samples) {
        List<BatchImage> images = new ArrayList<>();
        for (int row = 0; row < samples.size(); row++) {
            for (Pixels pixels : samples.get(row).images()) {
                images.add(new BatchImage(row, pixels.pieces(), pixels.height(), pixels.width()));
            }
        }
        return List.copyOf(images);
    }

    /** Positions of every place, a row for each axis; what only fills up stands at 0, where nothing looks at it. */
    private static long[][] positions(List<EncodedSample> samples, int length) {
        int axes = samples.stream()
                .mapToInt(sample -> sample.positions().length)
                .max()
                .orElse(0);
        long[][] positions = new long[axes][samples.size() * length];
        for (int row = 0; row < samples.size(); row++) {
            EncodedSample sample = samples.get(row);
            boolean counts = sample.positions().length == 0;
            for (int axis = 0; axis < axes; axis++) {
                for (int at = 0; at < sample.inputIds().length; at++) {
                    positions[axis][row * length + at] = counts ? at : sample.positions()[axis][at];
                }
            }
        }
        return positions;
    }

    private static NDArray array(Ops ops, List<Long> values) {
        return ops.of(values.stream().mapToLong(Long::longValue).toArray(), values.size());
    }

    /** Where the samples come from, one for each row. */
    public List<String> samples() {
        return encoded.stream().map(EncodedSample::id).toList();
    }

    /** How many samples. */
    public int rows() {
        return encoded.size();
    }

    /** Tokens in a row, padding included. */
    public int length() {
        return length;
    }

    /** The images, in the order of their tokens. */
    public List<BatchImage> images() {
        return images;
    }

    /** {@code [axes][rows * length]} rotary positions; without axes every row counts up from 0. */
    public long[][] positions() {
        return positions;
    }

    /**
     * An array that follows from the batch alone, such as a mask or rotary angles: made when first asked for, and closed
     * with the batch.
     *
     * @param key of its own for every kind of array
     */
    public NDArray derived(Object key, Ops ops, Supplier<NDArray> maker) {
        NDArray known = derived.get(key);
        if (known == null) {
            known = ops.withGradients(false, () -> ops.kept(ops.scoped(maker)));
            derived.put(key, known);
        }
        return known;
    }

    /** Whether no sample has an image. */
    public boolean isTextOnly() {
        return images.isEmpty();
    }

    /**
     * Preprocessed images in Float32, all pieces behind each other: [tiles, 3, height, width] or [patches, values]. Made
     * when first asked for: a step whose images were seen by frozen layers before does not read them.
     */
    public NDArray pixels() {
        NDArray known = pixels;
        if (known == null) {
            known = ops.kept(together(pixels(encoded)));
            pixels = known;
        }
        return known;
    }

    /** Token ids [rows, length]. */
    public NDArray ids() {
        return ids;
    }

    /** Places of image tokens among all rows * length tokens. */
    public NDArray imagePlaces() {
        return imagePlaces;
    }

    /** Places whose logits enter the loss, among all rows * length tokens. */
    public NDArray lossPlaces() {
        return lossPlaces;
    }

    /** Hidden states [rows, length, size] at those places, [targets, size]. */
    public NDArray atTargets(NDArray hidden, Ops ops) {
        return ops.select(ops.reshape(hidden, -1, hidden.getShape().get(2)), 0, lossPlaces);
    }

    /** The token expected after each of those places. */
    public NDArray targets() {
        return targets;
    }

    /** How many tokens have a loss. */
    public int targetCount() {
        return Arrays.stream(targetsOfSample).sum();
    }

    /** How many tokens of a row have a loss. */
    public int targetCount(int row) {
        return targetsOfSample[row];
    }

    /** Frees its arrays. */
    @Override
    public void close() {
        List.of(ids, imagePlaces, lossPlaces, targets).forEach(NDArray::close);
        if (pixels != null) {
            pixels.close();
        }
        derived.values().forEach(NDArray::close);
    }
}
