package io.vlfinetune.trainer.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Order;
import io.vlfinetune.trainer.data.Prefetcher;
import io.vlfinetune.trainer.data.SampleSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepBatchesTest {
    private final AtomicInteger made = new AtomicInteger();

    /** Samples of 0, 1, 2, … target tokens. */
    private final SampleSource source = new SampleSource() {
        @Override
        public EncodedSample get(int index) {
            made.incrementAndGet();
            int[] labels = new int[index + 2];
            Arrays.fill(labels, 7);
            labels[1] = EncodedSample.NO_LOSS;
            return new EncodedSample(Integer.toString(index), new int[index + 2], labels, List.of());
        }

        @Override
        public int targets(int index) {
            return index;
        }
    };

    @ParameterizedTest
    @CsvSource({"1, 0", "4, 0", "4, 2", "12, 1", "3, 5"})
    void givenAnyMicroBatchThenStepsHaveTheirSamplesInOrderAndAllTheirTargets(int batchSize, int from) {
        StepSamples steps = new StepSamples(new Order(10, 42), 12 / batchSize * batchSize, 7);
        List<List<Integer>> expected = new ArrayList<>();
        steps.from(from).forEachRemaining(expected::add);

        try (StepBatches batches = new StepBatches(source, steps, from, batchSize)) {
            for (List<Integer> samples : expected) {
                StepBatches.Step step = batches.next();
                List<Integer> taken = new ArrayList<>();
                step.batches().forEachRemaining(batch -> {
                    assertThat(batch).hasSizeBetween(1, batchSize);
                    batch.forEach(sample -> taken.add(Integer.valueOf(sample.id())));
                });
                assertThat(taken).isEqualTo(samples).hasSize(step.samples());
                assertThat(step.targets())
                        .isEqualTo(samples.stream().mapToLong(i -> i).sum());
            }
        }
    }

    @Test
    void givenManyMicroBatchesAStepThenNoMoreArePreparedThanOfASmallStep() {
        StepSamples steps = new StepSamples(new Order(64, 42), 32, 2);
        try (StepBatches batches = new StepBatches(source, steps, 0, 2)) {
            Iterator<List<EncodedSample>> step = batches.next().batches();
            for (int taken = 1; taken <= 16; taken++) {
                assertThat(step.next()).hasSize(2);
                assertThat(made).hasValueLessThanOrEqualTo(2 * (taken + Prefetcher.AHEAD));
            }
        }
    }
}
