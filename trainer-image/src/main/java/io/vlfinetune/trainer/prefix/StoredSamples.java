package io.vlfinetune.trainer.prefix;

import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.SampleCache;
import io.vlfinetune.trainer.data.SampleSource;
import io.vlfinetune.trainer.model.FrozenPrefix;
import java.util.OptionalInt;

/**
 * Samples of a data set for training above a stored prefix: once all units of a sample are stored, it comes without its
 * pixels, and no image is read, decoded or resized for it any more. Keys are worked out here, on the threads that prepare
 * samples. Safe for use by several threads.
 */
public final class StoredSamples implements SampleSource {
    private final Dataset dataset;
    private final FrozenPrefix.Unit unit;
    private final PrefixCache cache;
    private final SampleCache released;

    /**
     * Samples for one phase.
     *
     * @param bytes how many bytes of samples without pixels to keep in memory
     */
    public StoredSamples(Dataset dataset, FrozenPrefix.Unit unit, PrefixCache cache, long bytes) {
        this.dataset = dataset;
        this.unit = unit;
        this.cache = cache;
        this.released = new SampleCache(dataset.size(), bytes);
    }

    @Override
    public EncodedSample get(int index) {
        EncodedSample known = released.get(index);
        if (known != null && isStored(known)) {
            return known;
        }
        // Memory for pixels is worth spending only on samples that will not be stored.
        EncodedSample whole = (cache.isFull() ? dataset.get(index) : dataset.encode(index)).digested();
        EncodedSample without = whole.released(() -> dataset.encode(index));
        if (known == null) {
            released.offer(index, without);
        }
        return isStored(without) ? without : whole;
    }

    @Override
    public OptionalInt counted(int index) {
        return dataset.counted(index);
    }

    private boolean isStored(EncodedSample sample) {
        return switch (unit) {
            case None -> false;
            case Image -> sample.images().stream().map(Pixels::key).allMatch(cache::holds);
            case Sample -> cache.holds(sample.key());
        };
    }
}
