package io.vlfinetune.trainer.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StepSamplesTest {
    @Test
    void givenEpochsWhenTheDataDoesNotDivideThenTheLastStepOfEachTakesWhatIsLeft() {
        StepSamples samples = StepSamples.of(spec(3, null, 2, 2, 7), 10);

        assertThat(samples.totalSteps()).isEqualTo(9);
        assertThat(samples.stepsPerEpoch()).isEqualTo(3);
        List<List<Integer>> steps = all(samples, 0);
        assertThat(steps).extracting(List::size).containsExactly(4, 4, 2, 4, 4, 2, 4, 4, 2);
        for (int epoch = 0; epoch < 3; epoch++) {
            List<Integer> seen = new ArrayList<>();
            steps.subList(3 * epoch, 3 * epoch + 3).forEach(seen::addAll);
            assertThat(seen)
                    .containsExactlyInAnyOrderElementsOf(
                            IntStream.range(0, 10).boxed().toList());
        }
        assertThat(steps.subList(0, 3)).isNotEqualTo(steps.subList(3, 6));
    }

    @Test
    void givenAnyFirstStepWhenGoingOnThenItEqualsSkippingTheOnesBefore() {
        StepSamples samples = StepSamples.of(spec(null, 11, 3, 1, 42), 8);
        List<List<Integer>> whole = all(samples, 0);
        assertThat(whole).hasSize(11);
        for (int from = 0; from <= 11; from++) {
            assertThat(all(samples, from)).isEqualTo(whole.subList(from, 11));
        }
    }

    @Test
    void givenAccumulationThenAStepTakesTheSamplesOfTheLargeBatch() {
        assertThat(all(StepSamples.of(spec(2, null, 1, 4, 42), 10), 0))
                .isEqualTo(all(StepSamples.of(spec(2, null, 4, 1, 42), 10), 0));
    }

    @Test
    void givenAnotherSeedThenAnotherOrder() {
        assertThat(all(StepSamples.of(spec(1, null, 2, 1, 1), 20), 0))
                .isNotEqualTo(all(StepSamples.of(spec(1, null, 2, 1, 2), 20), 0));
    }

    @Test
    void givenCompletedStepsThenTheEpochIsTheShareOfSamplesSeen() {
        StepSamples samples = StepSamples.of(spec(3, null, 4, 1, 42), 10);
        assertThat(samples.epoch(0)).isZero();
        assertThat(samples.epoch(1)).isCloseTo(0.4, within(1e-12));
        assertThat(samples.epoch(2)).isCloseTo(0.8, within(1e-12));
        assertThat(samples.epoch(3)).isEqualTo(1);
        assertThat(samples.epoch(5)).isCloseTo(1.8, within(1e-12));
    }

    @Test
    void givenABatchLargerThanTheDataThenAStepIsAnEpoch() {
        StepSamples samples = StepSamples.of(spec(null, 2, 64, 1, 42), 3);
        assertThat(all(samples, 0)).allSatisfy(step -> assertThat(step).containsExactlyInAnyOrder(0, 1, 2));
        assertThat(samples.epoch(1)).isEqualTo(1);
    }

    @Test
    void givenMoreSamplesAStepThanCanBeCountedThenBothFieldsAreNamed() {
        assertThatThrownBy(() -> StepSamples.of(spec(1, null, 65_536, 65_536, 1), 10))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessageContaining(
                        "spec.training: batchSize 65536 times gradientAccumulation 65536 are 4294967296 samples a step");
        assertThat(all(StepSamples.of(spec(1, null, 65_536, 32_767, 1), 10), 0)).hasSize(1);
    }

    @Test
    void givenTheEndWhenAskedForMoreThenItIsRefused() {
        Iterator<List<Integer>> steps =
                StepSamples.of(spec(null, 1, 1, 1, 42), 3).from(1);
        assertThat(steps.hasNext()).isFalse();
        assertThatThrownBy(steps::next).isInstanceOf(NoSuchElementException.class);
    }

    private static List<List<Integer>> all(StepSamples samples, long from) {
        List<List<Integer>> all = new ArrayList<>();
        samples.from(from).forEachRemaining(all::add);
        return all;
    }

    private static TrainingSpec spec(
            @Nullable Integer epochs, @Nullable Integer steps, int batchSize, int accumulation, long seed) {
        return new TrainingSpec(
                epochs,
                steps,
                batchSize,
                accumulation,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                seed);
    }
}
