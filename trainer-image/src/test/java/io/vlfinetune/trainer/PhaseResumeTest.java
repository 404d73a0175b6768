package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.trainer.training.StopSignal;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A run whose plan or rates change on the way, stopped before, at and after every change, equals the uninterrupted one bit
 * for bit. An evaluation of the three held-out samples looks at the stop signal three times, a step once.
 */
class PhaseResumeTest {
    private static final String ALIGN =
            "{name: 'align', until: {%s}, visionTower: true, languageModel: true}, {name: 'joint', visionTower: true}";

    /** What is declared, and at which looks it is stopped. */
    enum Scenario {
        /** The second boundary lies between evaluations. Stopped at every look between the first step and the last evaluation. */
        threePhasesBySteps(
                "{phases: [{name: 'align', until: {steps: 2}, visionTower: true, languageModel: true}, {name: 'joint', until: {steps: 1}, visionTower: true},"
                        + " {name: 'top', visionTower: true, rules: [{part: 'VisionTower', layers: {last: 2}, frozen: false}]}]}",
                "{steps: 5, evaluateEvery: 2, checkpointEvery: 2}",
                "5 6 7 8 9 10 11 12 13 14"),
        /** The language model is trained, frozen and trained again, so that a master outlives its optimizer state. */
        trainedFrozenAndTrainedAgainInBFloat16(
                "{phases: [{name: 'one', until: {steps: 2}, visionTower: true}, {name: 'two', until: {steps: 2}, visionTower: true, languageModel: true}, {name: 'three', visionTower: true}]}",
                "{steps: 5, evaluateEvery: 2, precision: 'BFloat16'}",
                "6 8 9 12 14"),
        /** Six samples in batches of two: an epoch has three steps. */
        byEpochs("{phases: [" + ALIGN.formatted("epochs: 1") + "]}", "{steps: null, epochs: 2}", "6 7 8"),
        /** Nothing is learnt in so few steps: accuracy stays 0, and the plateau is reached after step 2. */
        byPlateau(
                "{phases: [" + ALIGN.formatted("plateau: {metric: 'held/accuracy', patience: 2}") + "]}",
                "{steps: 4, evaluateEvery: 1}",
                "8 9 10 11 12"),
        ratesThatFall(
                "{visionTower: true}",
                "{steps: 4, evaluateEvery: 1, onPlateau: {metric: 'held/accuracy', patience: 1, parts: ['LanguageModel']}}",
                "7 8 10"),
        ratesThatFallAndPhases(
                "{phases: [" + ALIGN.formatted("steps: 2") + "]}",
                "{steps: 4, evaluateEvery: 1, onPlateau: {metric: 'held/accuracy', patience: 2, factor: '0.1'}}",
                "11 12 15"),
        progressive(
                "{visionTower: true, languageModel: true, progressive: {part: 'LanguageModel', layersPerPhase: 2, every: {steps: 1}}}",
                "{steps: 3}",
                "4 5 6");

        private final String freeze;
        private final String training;
        private final String looks;

        Scenario(String freeze, String training, String looks) {
            this.freeze = freeze;
            this.training = training;
            this.looks = looks;
        }

        private int[] looks() {
            return Stream.of(looks.split(" ", -1)).mapToInt(Integer::parseInt).toArray();
        }

        private TestRun in(Path folder) {
            return new TestRun(folder).freeze(freeze).training(training);
        }
    }

    @ParameterizedTest
    @EnumSource
    void givenARunStoppedAtALookWhenItGoesOnThenTheResultIsTheSameBitForBit(Scenario scenario, @TempDir Path folder) {
        TestRun uninterrupted = scenario.in(folder.resolve("uninterrupted"));
        assertSucceeds(uninterrupted.start());
        for (int look : scenario.looks()) {
            TestRun run = scenario.in(folder.resolve("look-" + look));

            TestRun.Ended stopped = run.start(new TestRun.StopAt(look));

            assertThat(stopped.exitCode())
                    .as("look %d: %s", look, stopped.lastWord().message())
                    .isEqualTo(ExitCodes.STOPPED);
            assertSucceeds(run.start());
            assertSame(run, uninterrupted, look);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"threePhasesBySteps", "ratesThatFallAndPhases"})
    void givenARunStoppedAtEveryStepWhenItGoesOnEachTimeThenTheResultIsTheSameBitForBit(
            Scenario scenario, @TempDir Path folder) {
        TestRun uninterrupted = scenario.in(folder.resolve("uninterrupted"));
        assertSucceeds(uninterrupted.start());
        TestRun run = scenario.in(folder.resolve("stopped"));
        // The first look comes at step 0, the later ones after each new step or its evaluation.
        TestRun.Ended ended = run.start(new TestRun.StopAt(4));
        int attempts = 1;
        while (ended.exitCode() == ExitCodes.STOPPED) {
            ended = run.start(new StopAfterAStep(run));
            attempts++;
        }
        assertSucceeds(ended);
        assertThat(attempts).isGreaterThan(3);
        assertSame(run, uninterrupted, attempts);
    }

    /** Asks to stop as soon as metrics.jsonl has grown by a step. */
    private static final class StopAfterAStep extends StopSignal {
        private final TestRun run;
        private final long before;

        StopAfterAStep(TestRun run) {
            this.run = run;
            before = steps();
        }

        private long steps() {
            return TestRun.lines(run.liveMetrics()).stream()
                    .filter(line -> line.has("phase"))
                    .count();
        }

        @Override
        public boolean requested() {
            if (steps() > before) {
                request();
            }
            return super.requested();
        }
    }

    private static void assertSucceeds(TestRun.Ended ended) {
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
    }

    private static void assertSame(TestRun run, TestRun uninterrupted, int look) {
        assertThat(run.weights()).as("look %d", look).isEqualTo(uninterrupted.weights());
        assertThat(run.reproducibleMetrics()).as("look %d", look).isEqualTo(uninterrupted.reproducibleMetrics());
        for (String field : List.of("/runDigest", "/metrics", "/proof", "/weightsDigest", "/plan", "/steps")) {
            assertThat(run.document().at(field))
                    .as("look %d, %s", look, field)
                    .isEqualTo(uninterrupted.document().at(field));
        }
    }
}
