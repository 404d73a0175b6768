package io.vlfinetune.trainer.data;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Encoded samples kept in memory up to a number of bytes. What is in stays in: an epoch visits every sample once, so
 * evicting the least recently used would evict exactly what comes next.
 */
public final class SampleCache {
    private static final long OVERHEAD = 128;

    private final AtomicReferenceArray<@Nullable EncodedSample> samples;
    private final AtomicLong left;

    /**
     * An empty cache.
     *
     * @param size how many samples there are
     * @param bytes how many bytes it may hold
     */
    public SampleCache(int size, long bytes) {
        samples = new AtomicReferenceArray<>(size);
        left = new AtomicLong(bytes);
    }

    /** The sample of that number; null if it is not here. */
    public @Nullable EncodedSample get(int index) {
        return samples.get(index);
    }

    /** Keeps a sample, if there is room. */
    public void offer(int index, EncodedSample sample) {
        long bytes = bytes(sample);
        if (left.addAndGet(-bytes) < 0 || !samples.compareAndSet(index, null, sample)) {
            left.addAndGet(bytes);
        }
    }

    private static long bytes(EncodedSample sample) {
        long bytes = OVERHEAD + 4L * (2 + sample.positions().length) * sample.inputIds().length;
        for (Pixels pixels : sample.images()) {
            bytes += OVERHEAD + (pixels.isReleased() ? 0 : 4L * pixels.count());
        }
        return bytes;
    }
}
