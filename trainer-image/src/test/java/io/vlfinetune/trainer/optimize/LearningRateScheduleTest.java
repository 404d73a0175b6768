package io.vlfinetune.trainer.optimize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vlfinetune.api.ScheduleName;
import io.vlfinetune.api.ScheduleSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values of transformers' formulas (optimization.py, _get_*_schedule_with_warmup_lr_lambda), computed in Python. */
class LearningRateScheduleTest {
    private static final double EXACT = 1e-15;

    private static final double[] LINEAR = {
        0.0,
        0.3333333333333333,
        0.6666666666666666,
        1.0,
        0.8571428571428571,
        0.7142857142857143,
        0.5714285714285714,
        0.42857142857142855,
        0.2857142857142857,
        0.14285714285714285
    };

    private static final double[] COSINE = {
        0.0,
        0.3333333333333333,
        0.6666666666666666,
        1.0,
        0.9504844339512095,
        0.8117449009293668,
        0.6112604669781572,
        0.38873953302184283,
        0.18825509907063326,
        0.04951556604879048
    };

    @Test
    void givenTenStepsOfWhichThreeWarmUpThenEveryFactorIsTransformers() {
        LearningRateSchedule linear = schedule(ScheduleName.Linear, "0.3", 10);
        LearningRateSchedule cosine = schedule(ScheduleName.Cosine, "0.3", 10);
        LearningRateSchedule constant = schedule(ScheduleName.Constant, "0.3", 10);
        for (int step = 0; step < 10; step++) {
            assertThat(linear.factor(step)).as("linear %d", step).isCloseTo(LINEAR[step], within(EXACT));
            assertThat(cosine.factor(step)).as("cosine %d", step).isCloseTo(COSINE[step], within(EXACT));
            assertThat(constant.factor(step))
                    .as("constant %d", step)
                    .isCloseTo(Math.min(1, LINEAR[Math.min(step, 3)]), within(EXACT));
        }
    }

    /**
     * get_wsd_schedule(num_warmup_steps, num_decay_steps = a tenth of num_training_steps rounded up, decay_type="linear").
     * Its decay is a cosine unless told otherwise, and it asks for the number of steps; ours is linear and takes a tenth.
     */
    @Test
    void givenWarmupStableDecayThenEveryFactorIsThatOfTransformersLinearOne() {
        LearningRateSchedule twenty = schedule(ScheduleName.WarmupStableDecay, "0.1", 20);
        LearningRateSchedule odd = schedule(ScheduleName.WarmupStableDecay, "0.12", 25);
        double[] beginning = {0.0, 0.3333333333333333, 0.6666666666666666, 1.0};
        double[] end = {1.0, 0.6666666666666667, 0.33333333333333337, 0.0};
        for (int step = 0; step <= 20; step++) {
            double expected = step < 2 ? step / 2.0 : step <= 18 ? 1 : (20 - step) / 2.0;
            assertThat(twenty.factor(step)).as("step %d", step).isCloseTo(expected, within(EXACT));
        }
        for (int step = 0; step <= 25; step++) {
            double expected = step < 4 ? beginning[step] : step < 22 ? 1 : end[step - 22];
            assertThat(odd.factor(step)).as("step %d", step).isCloseTo(expected, within(EXACT));
        }
    }

    @Test
    void givenWarmupStableDecayOfVeryFewStepsThenTheLastOneStillTrains() {
        assertThat(schedule(ScheduleName.WarmupStableDecay, "0", 1).factor(0)).isEqualTo(1);
        LearningRateSchedule three = schedule(ScheduleName.WarmupStableDecay, "0", 3);
        assertThat(new double[] {three.factor(0), three.factor(1), three.factor(2), three.factor(3), three.factor(4)})
                .containsExactly(1, 1, 1, 0, 0);
    }

    @Test
    void givenTheLastStepIsOverThenLinearAndCosineAreZeroAndStayThere() {
        assertThat(schedule(ScheduleName.Linear, "0", 7).factor(7)).isZero();
        assertThat(schedule(ScheduleName.Linear, "0", 7).factor(9)).isZero();
        assertThat(schedule(ScheduleName.Cosine, "0", 7).factor(7)).isCloseTo(0, within(EXACT));
        assertThat(schedule(ScheduleName.Constant, "0", 7).factor(7)).isEqualTo(1);
    }

    @ParameterizedTest(name = "{0} of {1} steps: {2}")
    @CsvSource({"0, 100, 0", "0.03, 100, 3", "0.03, 101, 4", "0.001, 5, 1", "1, 5, 5", "1.0, 5, 5"})
    void givenAWarmUpRatioThenItIsRoundedUpToWholeSteps(String ratio, long total, long warmup) {
        assertThat(schedule(ScheduleName.Linear, ratio, total).warmupSteps()).isEqualTo(warmup);
    }

    @Test
    void givenNothingButWarmUpThenEveryStepHasAFiniteFactor() {
        for (ScheduleName name : ScheduleName.values()) {
            LearningRateSchedule schedule = schedule(name, "1", 4);
            assertThat(schedule.factor(0)).isZero();
            assertThat(schedule.factor(3)).isEqualTo(0.75);
            assertThat(schedule.factor(4)).isBetween(0.0, 1.0);
        }
    }

    private static LearningRateSchedule schedule(ScheduleName name, String warmupRatio, long total) {
        return LearningRateSchedule.of(new ScheduleSpec(name, warmupRatio), total);
    }
}
