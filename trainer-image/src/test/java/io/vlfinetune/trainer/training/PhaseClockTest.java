package io.vlfinetune.trainer.training;

import static io.vlfinetune.trainer.testing.Declarations.freeze;
import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.PhaseSpec;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.freeze.ModelTensors;
import io.vlfinetune.trainer.freeze.PhasedPlan;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When phases end. An epoch has five steps. */
class PhaseClockTest {
    private static final int EPOCH = 5;

    /** What the phases train is all the same here. */
    private static PhasedPlan plan(String ends) {
        List<PhaseSpec> declared = freeze("{phases: [" + ends + "]}").phases();
        FreezePlan nothing = new FreezePlan(new ModelTensors(List.of(), Set.of(), false), Map.of(), List.of());
        return new PhasedPlan(declared.stream()
                .map(phase -> new PhasedPlan.Phase(phase.name(), nothing, phase.until()))
                .toList());
    }

    private static PhaseClock clock(String ends) {
        return new PhaseClock(plan(ends), EPOCH);
    }

    private static Map<String, MetricBoard.Entry> loss(double value) {
        return Map.of("a/loss", new MetricBoard.Entry(value, 1, value, 1, value));
    }

    @Test
    void givenStepsThenAPhaseEndsAfterThemCountedFromItsOwnFirst() {
        PhaseClock clock = clock("{name: 'a', until: {steps: 3}}, {name: 'b', until: {steps: 2}}, {name: 'c'}");
        assertThat(clock.over(0)).isFalse();
        assertThat(clock.over(2)).isFalse();
        assertThat(clock.over(3)).isTrue();
        clock.next(3);
        assertThat(clock.phase().name()).isEqualTo("b");
        assertThat(clock.over(4)).isFalse();
        assertThat(clock.over(5)).isTrue();
        clock.next(5);
        assertThat(clock.over(1_000_000)).as("the last one never ends").isFalse();
        assertThat(clock.state()).isEqualTo(new PhaseClock.State(2, 5, null));
    }

    @Test
    void givenEpochsThenTheyAreSoManySteps() {
        PhaseClock clock = clock("{name: 'a', until: {epochs: 2}}, {name: 'b'}");
        assertThat(clock.over(9)).isFalse();
        assertThat(clock.over(10)).isTrue();
    }

    /** No server takes such a declaration. */
    @Test
    void givenAnEndThatSaysNothingThenThePhaseLastsToTheEndOfTheRun() {
        PhaseClock clock = clock("{name: 'a', until: {}}, {name: 'b'}");
        assertThat(clock.over(1_000_000)).isFalse();
        assertThat(PhaseClock.unreached(plan("{name: 'a', until: {}}, {name: 'b'}"), EPOCH, 9)
                        .map(PhaseClock.Unreached::phase))
                .contains("b");
    }

    @Test
    void givenAPlateauThenThePhaseEndsWithItAndTheNextOneBeginsToCountAnew() {
        String plateau = "{plateau: {metric: 'a/loss', patience: 1}}";
        PhaseClock clock =
                clock("{name: 'a', until: " + plateau + "}, {name: 'b', until: " + plateau + "}, {name: 'c'}");
        clock.evaluated(loss(3));
        assertThat(clock.over(0)).isFalse();
        clock.evaluated(Map.of());
        assertThat(clock.state().seen())
                .as("an evaluation of other sets says nothing")
                .isEqualTo(new Plateau.Seen(3, 0));
        clock.evaluated(loss(3));
        assertThat(clock.over(7)).isTrue();
        clock.next(7);
        assertThat(clock.over(7)).isFalse();
        clock.evaluated(loss(4));
        assertThat(clock.over(8)).as("the first value of this phase").isFalse();
        clock.evaluated(loss(4));
        assertThat(clock.over(9)).isTrue();
    }

    @Test
    void givenAPhaseByStepsThenEvaluationsAreNothingToIt() {
        PhaseClock clock = clock("{name: 'a', until: {steps: 3}}, {name: 'b'}");
        clock.evaluated(loss(3));
        clock.evaluated(loss(3));
        assertThat(clock.state()).as("evaluations are nothing to it").isEqualTo(PhaseClock.State.START);
        clock.next(3);
        clock.evaluated(loss(3));
        assertThat(clock.state().seen()).isNull();
    }

    @Test
    void givenAKeptStateThenItGoesOnFromThere() {
        String ends = "{name: 'a', until: {plateau: {metric: 'a/loss', patience: 2}}}, {name: 'b'}";
        PhaseClock before = clock(ends);
        before.evaluated(loss(3));
        before.evaluated(loss(3));
        PhaseClock after = clock(ends);
        after.restore(before.state());
        assertThat(after.over(2)).isFalse();
        after.evaluated(loss(3));
        assertThat(after.over(3)).isTrue();
    }

    @ParameterizedTest(name = "{0} of {1} steps: {2} at {3}")
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "{name: 'a'} | 1 | - | 0",
                "{name: 'a', until: {steps: 3}}, {name: 'b'} | 4 | - | 0",
                "{name: 'a', until: {steps: 4}}, {name: 'b'} | 4 | b | 4",
                "{name: 'a', until: {epochs: 1}}, {name: 'b', until: {steps: 2}}, {name: 'c'} | 7 | c | 7",
                "{name: 'a', until: {epochs: 1}}, {name: 'b', until: {steps: 2}}, {name: 'c'} | 8 | - | 0",
                "{name: 'a', until: {epochs: 9}}, {name: 'b', until: {steps: 2}}, {name: 'c'} | 8 | b | 45",
                "{name: 'a', until: {plateau: {metric: 'a/loss', patience: 9}}}, {name: 'b', until: {steps: 900}}, {name: 'c'} | 4 | - | 0",
                // A declaration whose last phase ends too is one that no server would take; it ends with the run.
                "{name: 'a', until: {steps: 3}} | 4 | - | 0"
            })
    void givenTheLengthOfARunThenTheFirstPhaseThatItNeverComesToIsFound(
            String ends, long total, @Nullable String phase, long start) {
        assertThat(PhaseClock.unreached(plan(ends), EPOCH, total).map(PhaseClock.Unreached::phase))
                .isEqualTo(Optional.ofNullable(phase));
        PhaseClock.unreached(plan(ends), EPOCH, total)
                .ifPresent(unreached -> assertThat(unreached.start()).isEqualTo(start));
    }
}
