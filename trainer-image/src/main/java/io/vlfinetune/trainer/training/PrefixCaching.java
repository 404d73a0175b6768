package io.vlfinetune.trainer.training;

import io.vlfinetune.api.PrefixCacheMode;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.SampleSource;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.FrozenPrefix;
import io.vlfinetune.trainer.model.PrefixStore;
import io.vlfinetune.trainer.prefix.CacheDecision;
import io.vlfinetune.trainer.prefix.CacheStatistics;
import io.vlfinetune.trainer.prefix.PrefixCache;
import io.vlfinetune.trainer.prefix.PrefixDigest;
import io.vlfinetune.trainer.prefix.StoredSamples;
import io.vlfinetune.trainer.report.RunLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The prefix cache of one phase: decided, opened, and handed to what reads samples and to what runs the model. Where a
 * phase ends at a new boundary, close it and begin another.
 */
final class PrefixCaching implements AutoCloseable {
    /** Enough to know what an image or a sample costs; they are computed once more in training. */
    private static final int MEASURED = 4;

    private final Dataset dataset;
    private final FrozenPrefix.Unit unit;
    private final CacheDecision decision;
    private final @Nullable PrefixCache cache;

    /**
     * Where a phase runs.
     *
     * @param root folder of all prefix caches
     * @param threads of one operator
     * @param versions of what computes
     * @param log told the decision
     */
    record Place(Path root, int threads, Map<String, String> versions, RunLog log) {
        /** Removes the caches of all phases. */
        void remove() {
            try {
                PrefixCache.removeAll(root);
            } catch (IOException problem) {
                log.line("prefix cache: " + root + " cannot be removed: " + problem);
            }
        }
    }

    /**
     * Begins a phase.
     *
     * @param executor of the phase, whatever its store
     * @param dataset training samples
     * @param passes over them that are left in the phase
     * @param reserved bytes of scratch that checkpoints will take
     */
    static PrefixCaching begin(
            LoadedModel model,
            Executor executor,
            Dataset dataset,
            TrainingSpec spec,
            double passes,
            long reserved,
            Place place) {
        FrozenPrefix prefix = executor.prefix();
        boolean asked = spec.prefixCache() == PrefixCacheMode.Auto
                && prefix.unit() != FrozenPrefix.Unit.None
                && (passes > 1 || Files.isDirectory(place.root));
        // It reads all frozen weights once.
        String digest = asked ? PrefixDigest.of(prefix, model.weights(), place.threads, place.versions) : "none";
        CacheDecision decision = CacheDecision.of(
                new CacheDecision.Question(
                        spec.prefixCache(),
                        prefix.unit(),
                        dataset.size(),
                        passes,
                        free(place.root),
                        reserved,
                        PrefixCache.stored(place.root, digest)),
                () -> measure(model, executor, dataset));
        place.log.line(decision.sentence());
        if (!decision.on()) {
            place.remove();
            return new PrefixCaching(dataset, prefix.unit(), decision, null);
        }
        return new PrefixCaching(
                dataset, prefix.unit(), decision, new PrefixCache(place.root, digest, decision.cap(), place.log::line));
    }

    private PrefixCaching(
            Dataset dataset, FrozenPrefix.Unit unit, CacheDecision decision, @Nullable PrefixCache cache) {
        this.dataset = dataset;
        this.unit = unit;
        this.decision = decision;
        this.cache = cache;
    }

    private static long free(Path root) {
        try {
            Path scratch = Objects.requireNonNull(root.toAbsolutePath().getParent());
            return Files.getFileStore(Files.createDirectories(scratch)).getUsableSpace();
        } catch (IOException unknown) {
            return 0;
        }
    }

    private static CacheDecision.Measured measure(LoadedModel model, Executor executor, Dataset dataset) {
        FrozenPrefix.Unit unit = executor.prefix().unit();
        Ops ops = model.ops();
        int count = Math.min(MEASURED, dataset.size());
        long samples = 0;
        long units = 0;
        long bytes = 0;
        long nanoseconds = 0;
        for (int i = 0; i < count; i++) {
            try {
                EncodedSample sample = dataset.encode((int) ((long) i * dataset.size() / count));
                try (Batch batch =
                        Batch.prompt(ops, sample, model.planned().blueprint().imageToken())) {
                    long begun = System.nanoTime();
                    bytes += executor.runPrefix(batch);
                    nanoseconds += System.nanoTime() - begun;
                    units += unit == FrozenPrefix.Unit.Image ? sample.images().size() : 1;
                    samples++;
                }
            } catch (TrainerException bad) {
                // The step that comes to this sample reports it, with what was trained until then in a checkpoint.
            }
        }
        return new CacheDecision.Measured(samples, units, bytes, nanoseconds);
    }

    /** What was decided. */
    CacheDecision decision() {
        return decision;
    }

    /** Where the executor of the phase finds units; null if they are not stored. */
    @Nullable
    PrefixStore store() {
        return cache;
    }

    /** The phase's samples, without pixels where nobody needs them. */
    SampleSource samples() {
        return cache == null ? dataset : new StoredSamples(dataset, unit, cache, Dataset.DEFAULT_CACHE_BYTES);
    }

    /** What the cache did so far; empty if there is none. */
    Optional<CacheStatistics> statistics() {
        return Optional.ofNullable(cache).map(PrefixCache::statistics);
    }

    /** Gives its room back: from now on everything is computed. */
    void drop() {
        if (cache != null) {
            cache.drop();
        }
    }

    /** Ends the attempt: what is stored stays for the next one. */
    @Override
    public void close() {
        if (cache != null) {
            cache.close();
        }
    }
}
