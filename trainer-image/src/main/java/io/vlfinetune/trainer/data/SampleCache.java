package io.vlfinetune.trainer.data;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Encoded samples kept in memory up to a number of bytes. What is in stays in: an epoch visits every sample once, so
 * evicting the least recently used would evict exactly what comes next.
 */
final class SampleCache {
    private static final long OVERHEAD = 128;

    private final AtomicReferenceArray<@Nullable EncodedSample> samples;
    private final AtomicLong left;

    SampleCache(int size, long bytes) {
        samples = new AtomicReferenceArray<>(size);
        left = new AtomicLong(bytes);
    }

    @Nullable
    EncodedSample get(int index) {
        return samples.get(index);
    }

    void offer(int index, EncodedSample sample) {
        long bytes = bytes(sample);
        if (left.addAndGet(-bytes) < 0 || !samples.compareAndSet(index, null, sample)) {
            left.addAndGet(bytes);
        }
    }

    private static long bytes(EncodedSample sample) {
        long bytes = OVERHEAD + 4L * (2 + sample.positions().length) * sample.inputIds().length;
        for (Pixels pixels : sample.images()) {
            bytes += OVERHEAD + 4L * pixels.count();
        }
        return bytes;
    }
}
