package io.vlfinetune.trainer.training;

import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Prefetcher;
import io.vlfinetune.trainer.data.SampleSource;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The optimizer steps of a phase, prepared a micro-batch at a time: however many of them a step accumulates, no more are in
 * memory. What a step divides by, the target tokens of all its micro-batches, is counted a step ahead; a sample that
 * nobody encoded before is encoded for it and let go.
 */
final class StepBatches implements AutoCloseable {
    private final int batchSize;
    private final Iterator<List<Integer>> steps;
    private final Prefetcher<EncodedSample> batches;
    private final @Nullable Prefetcher<Integer> targets;

    /**
     * A step whose micro-batches come as they are taken.
     *
     * @param samples of all micro-batches
     * @param targets target tokens of all micro-batches
     * @param batches to be gone through before the next step is asked for
     */
    record Step(int samples, long targets, Iterator<List<EncodedSample>> batches) {}

    /**
     * Begins to prepare.
     *
     * @param from number of the first step, counted from 0
     * @param batchSize samples of a micro-batch
     */
    StepBatches(SampleSource source, StepSamples samples, long from, int batchSize) {
        this.batchSize = batchSize;
        steps = samples.from(from);
        batches = new Prefetcher<>(source::get, cut(samples.from(from)), 1, Prefetcher.AHEAD);
        targets = samples.samplesPerStep() > batchSize
                ? new Prefetcher<>(source::targets, samples.from(from), 1, 1)
                : null;
    }

    /** The micro-batches of all steps. */
    private Iterator<List<Integer>> cut(Iterator<List<Integer>> whole) {
        return new Iterator<>() {
            private List<Integer> left = List.of();

            @Override
            public boolean hasNext() {
                return !left.isEmpty() || whole.hasNext();
            }

            @Override
            public List<Integer> next() {
                List<Integer> step = left.isEmpty() ? whole.next() : left;
                int end = Math.min(batchSize, step.size());
                left = step.subList(end, step.size());
                return step.subList(0, end);
            }
        };
    }

    /**
     * The next step; waits until its target tokens are counted.
     *
     * @throws io.vlfinetune.trainer.TrainerException what preparing a sample threw
     */
    Step next() {
        int samples = steps.next().size();
        if (targets == null) {
            List<EncodedSample> only = batches.next();
            return new Step(
                    samples,
                    only.stream().mapToLong(EncodedSample::targets).sum(),
                    List.of(only).iterator());
        }
        long counted = targets.next().stream().mapToLong(Integer::longValue).sum();
        return new Step(
                samples,
                counted,
                IntStream.range(0, Math.ceilDiv(samples, batchSize))
                        .mapToObj(batch -> batches.next())
                        .iterator());
    }

    @Override
    public void close() {
        batches.close();
        if (targets != null) {
            targets.close();
        }
    }
}
