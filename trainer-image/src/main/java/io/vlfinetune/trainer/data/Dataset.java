package io.vlfinetune.trainer.data;

import io.vlfinetune.api.DataFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The samples of one or more data files, one after the other. Opening reads every file once and checks every sample:
 * JSON, roles, image marks, and that its images exist; so a bad line is reported before the first step. Images are
 * decoded when a sample is asked for. Safe for use by several threads.
 */
public final class Dataset implements SampleSource {
    /** Bytes of encoded samples that are kept for later epochs unless another number is given: 256 MiB in a heap of 2 GiB. */
    public static final long DEFAULT_CACHE_BYTES =
            Math.min(256L << 20, Runtime.getRuntime().maxMemory() / 8);

    private final List<Part> parts;
    private final SampleCache cache;
    private final int size;
    /** Target tokens by sample, one more each: 0 is not counted yet. Threads that race write the same. */
    private final int[] counted;

    /**
     * What a data set is made of.
     *
     * @param file a data file
     * @param media where its images lie
     * @param processor makes the model's inputs of its samples
     */
    public record Source(DataFile file, MediaRoot media, Processor processor) {}

    /** One file, with what its images take each, and the number of samples in the files before it. */
    @SuppressWarnings("ArrayRecordComponent") // never leaves this class
    private record Part(SampleIndex index, ConversationReader reader, Source source, long[] imageBytes, int first) {}

    private Dataset(List<Part> parts, long cacheBytes) {
        this.parts = List.copyOf(parts);
        Part last = parts.getLast();
        size = last.first + last.index.size();
        cache = new SampleCache(size, cacheBytes);
        counted = new int[size];
    }

    /** Opens data files that share a folder of images, with the default cache; see {@link #open(List, long)}. */
    public static Dataset open(List<DataFile> files, MediaRoot media, Processor processor) {
        return open(files, media, processor, DEFAULT_CACHE_BYTES);
    }

    /** Opens data files that share a folder of images; see {@link #open(List, long)}. */
    public static Dataset open(List<DataFile> files, MediaRoot media, Processor processor, long cacheBytes) {
        return open(
                files.stream().map(file -> new Source(file, media, processor)).toList(), cacheBytes);
    }

    /**
     * Opens data files and checks all their samples.
     *
     * @param sources at least one
     * @param cacheBytes how many bytes of encoded samples to keep in memory
     * @throws io.vlfinetune.trainer.TrainerException DataInvalid with file and line of the first sample that is bad;
     *     SourceUnavailable when a file cannot be read
     */
    public static Dataset open(List<Source> sources, long cacheBytes) {
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("a data set needs at least one file");
        }
        var parts = new ArrayList<Part>();
        int first = 0;
        for (Source source : sources) {
            var check = new Check(source.file.format(), source.media);
            SampleIndex index = new SampleFile(source.file).scan(check::accept);
            parts.add(new Part(
                    index,
                    Objects.requireNonNull(check.reader),
                    source,
                    check.imageBytes.build().toArray(),
                    first));
            first = Math.addExact(first, index.size());
        }
        return new Dataset(parts, cacheBytes);
    }

    /** The number of samples. */
    public int size() {
        return size;
    }

    /** Where a sample was read. */
    public SampleLocation location(int index) {
        Part part = part(index);
        return part.index.location(index - part.first);
    }

    /** Bytes of the files of all images in the order of the samples; an image that a data file holds has none. */
    public LongStream imageBytes() {
        return parts.stream().flatMapToLong(part -> Arrays.stream(part.imageBytes));
    }

    /** A sample as it stands in its file. */
    public Conversation conversation(int index) {
        Part part = part(index);
        return part.reader.read(part.index.read(index - part.first));
    }

    /**
     * A sample as the model takes it.
     *
     * @param index from 0 to size - 1
     * @throws io.vlfinetune.trainer.TrainerException DataInvalid when an image is broken or the sample is too long
     */
    @Override
    public EncodedSample get(int index) {
        EncodedSample kept = cache.get(Objects.checkIndex(index, size));
        if (kept != null) {
            return kept;
        }
        EncodedSample sample = encode(index);
        cache.offer(index, sample);
        return sample;
    }

    /** The same, made anew and kept nowhere. */
    public EncodedSample encode(int index) {
        EncodedSample sample = part(index).source.processor.encode(conversation(index));
        counted[index] = sample.targets() + 1;
        return sample;
    }

    /** The target tokens of a sample that was encoded before. */
    @Override
    public OptionalInt counted(int index) {
        int known = counted[index];
        return known == 0 ? OptionalInt.empty() : OptionalInt.of(known - 1);
    }

    private Part part(int index) {
        Objects.checkIndex(index, size);
        for (Part part : parts.reversed()) {
            if (index >= part.first) {
                return part;
            }
        }
        throw new AssertionError("the first part begins at 0");
    }

    /** Reads each sample of a file while it is walked through; the first one settles the format. */
    private static final class Check {
        private final DataFormat format;
        private final MediaRoot media;
        private final LongStream.Builder imageBytes = LongStream.builder();
        private @Nullable ConversationReader reader;

        Check(DataFormat format, MediaRoot media) {
            this.format = format;
            this.media = media;
        }

        void accept(SampleFields sample) {
            if (reader == null) {
                reader = ConversationReader.of(format, sample);
            }
            Conversation conversation = reader.read(sample);
            for (Content.Image image : conversation.images()) {
                media.check(image, conversation.location()).ifPresent(imageBytes::add);
            }
        }
    }
}
