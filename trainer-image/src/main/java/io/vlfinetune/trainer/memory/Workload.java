package io.vlfinetune.trainer.memory;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.Prefetcher;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.model.LayerTensor;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The largest batch of a run, as far as a look at its samples tells.
 *
 * @param rows samples in it
 * @param towerRows patches of all its images, class tokens included
 * @param features image tokens
 * @param tokens places of all rows, padded to the longest
 * @param targets places with a target
 * @param pixelBytes preprocessed images
 * @param cachedBytes encoded samples that the data sets keep in memory
 * @param evaluation the largest batch of the evaluation sets; null if there are none
 */
public record Workload(
        long rows,
        long towerRows,
        long features,
        long tokens,
        long targets,
        long pixelBytes,
        long cachedBytes,
        @Nullable Workload evaluation) {
    /** How many samples are looked at: a data set may be large, and lengths are much alike. */
    private static final int LOOKS = 128;

    private static final int FLOAT = 4;

    /** What one sample brings. */
    private record Size(long towerRows, long features, long tokens, long targets, long pixelBytes) {
        static Size of(EncodedSample sample, Blueprint blueprint) {
            long towerRows = 0;
            long pixelBytes = 0;
            for (Pixels pixels : sample.images()) {
                towerRows += rows(pixels, blueprint);
                pixelBytes += (long) FLOAT
                        * Arrays.stream(pixels.shape()).asLongStream().reduce(1, (a, b) -> a * b);
            }
            int[] ids = sample.inputIds();
            return new Size(
                    towerRows,
                    Arrays.stream(ids)
                            .filter(id -> id == blueprint.imageToken())
                            .count(),
                    ids.length,
                    sample.targets(),
                    pixelBytes);
        }

        /** Pieces are patches, or pictures [pieces, channels, height, width] that the first convolution cuts into patches. */
        private static long rows(Pixels pixels, Blueprint blueprint) {
            int[] shape = pixels.shape();
            if (shape.length < 4) {
                return pixels.pieces();
            }
            List<Long> kernel = blueprint.chain().layers().getFirst().declared().stream()
                    .map(LayerTensor::shape)
                    .filter(axes -> axes.size() == 4)
                    .findFirst()
                    .orElse(List.of(1L, 1L, 1L, 1L));
            return shape[0] * ((shape[2] / kernel.get(2)) * (shape[3] / kernel.get(3)) + 1);
        }
    }

    /** One of so many smaller batches. */
    Workload share(int parts) {
        return new Workload(
                Math.ceilDiv(rows, parts),
                Math.ceilDiv(towerRows, parts),
                Math.ceilDiv(features, parts),
                Math.ceilDiv(tokens, parts),
                Math.ceilDiv(targets, parts),
                Math.ceilDiv(pixelBytes, parts),
                cachedBytes,
                evaluation == null ? null : evaluation.share(parts));
    }

    /** Tokens of a row, padded to the longest. */
    long length() {
        return Math.ceilDiv(tokens, rows);
    }

    /** What the Java heap holds of samples: those kept, and the pixels of the batches ready and in use. */
    long heapBytes() {
        long training = (Prefetcher.AHEAD + 1) * pixelBytes;
        if (evaluation == null) {
            return cachedBytes + training;
        }
        // The next training batches wait beside those of an evaluation.
        long evaluating = Prefetcher.AHEAD * pixelBytes + (Prefetcher.AHEAD + 1) * evaluation.pixelBytes;
        return cachedBytes + evaluation.cachedBytes + Math.max(training, evaluating);
    }

    /**
     * Refuses a batch whose samples the Java heap does not hold, whatever else the pod has.
     *
     * @param heap the most bytes it may have
     * @throws TrainerException DoesNotFit
     */
    public void requireHeap(long heap) {
        if (heapBytes() > heap) {
            throw new TrainerException(
                    Reason.DoesNotFit,
                    "preprocessed images of the batches at hand need about %s of Java heap, but the trainer has %s; lower spec.training.batchSize and raise gradientAccumulation as much, or raise spec.resources.memory, a quarter of which is heap"
                            .formatted(MemoryPlan.size(heapBytes()), MemoryPlan.size(heap)));
        }
    }

    /** As large as the larger of two batches in everything, when both data sets are there. */
    private Workload or(Workload other) {
        return new Workload(
                Math.max(rows, other.rows),
                Math.max(towerRows, other.towerRows),
                Math.max(features, other.features),
                Math.max(tokens, other.tokens),
                Math.max(targets, other.targets),
                Math.max(pixelBytes, other.pixelBytes),
                cachedBytes + other.cachedBytes,
                null);
    }

    /**
     * Looks at samples all over the data sets; the largest of each size counts, times the batch.
     *
     * @throws io.vlfinetune.trainer.TrainerException DataInvalid, when a sample that is looked at is broken
     */
    public static Workload of(Dataset training, Collection<Dataset> evaluation, Blueprint blueprint, int batchSize) {
        Workload evaluated = evaluation.stream()
                .map(set -> largest(set, null, blueprint, batchSize))
                .reduce(Workload::or)
                .orElse(null);
        return largest(training, evaluated, blueprint, batchSize);
    }

    private static Workload largest(Dataset data, @Nullable Workload evaluation, Blueprint blueprint, int batchSize) {
        int looks = Math.min(LOOKS, data.size());
        List<Size> sizes = IntStream.range(0, looks)
                .map(look -> (int) ((long) look * data.size() / looks))
                .mapToObj(index -> Size.of(data.get(index), blueprint))
                .toList();
        long rows = Math.min(batchSize, data.size());
        long bytes = sizes.stream()
                        .mapToLong(size -> size.pixelBytes + 2L * FLOAT * size.tokens)
                        .sum()
                / looks
                * data.size();
        return new Workload(
                rows,
                rows * sizes.stream().mapToLong(Size::towerRows).max().orElse(0),
                rows * sizes.stream().mapToLong(Size::features).max().orElse(0),
                rows * sizes.stream().mapToLong(Size::tokens).max().orElse(0),
                rows * sizes.stream().mapToLong(Size::targets).max().orElse(0),
                rows * sizes.stream().mapToLong(Size::pixelBytes).max().orElse(0),
                Math.min(Dataset.DEFAULT_CACHE_BYTES, bytes),
                evaluation);
    }
}
