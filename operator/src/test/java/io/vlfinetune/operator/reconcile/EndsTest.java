package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.attempt.PodFacts;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every way an attempt can end, and what becomes of the run. */
class EndsTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final String POLICY =
            "Container trainer for pod team/digits-1-0-abcde failed with exit code 11 matching FailJob rule at index 1";

    private final Life life = started(3);

    private static Life started(int maxRestarts) {
        Life life = new Life(
                Samples.run(Samples.spec(
                        "pvc://models/base", Samples.spec().resources().scratch(), maxRestarts)),
                Samples.CONFIGURATION);
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30, 40L, null));
        life.step();
        return life.after(SECOND);
    }

    private static Arguments end(String name, Consumer<Life> event, Phase phase, String reason) {
        return Arguments.argumentSet(name, event, phase, reason);
    }

    static Stream<Arguments> ends() {
        return Stream.of(
                end(
                        "exit 11, pod there",
                        l -> l.exits(11, Samples.failure(1, Reason.DataInvalid, "line 3"))
                                .jobFailed("PodFailurePolicy", POLICY),
                        Phase.Failed,
                        "DataInvalid"),
                end(
                        "exit 11, pod gone",
                        l -> l.podDeleted().jobFailed("PodFailurePolicy", POLICY),
                        Phase.Failed,
                        "DataInvalid"),
                end(
                        "exit 15 without a word",
                        l -> l.exits(15, false, "").jobFailed("PodFailurePolicy", ""),
                        Phase.Failed,
                        "FrozenTensorChanged"),
                end(
                        "exit 16",
                        l -> l.exits(16, Samples.failure(1, Reason.DoesNotFit, "needs 20 GiB"))
                                .jobFailed(),
                        Phase.Failed,
                        "DoesNotFit"),
                end("exit 20", l -> l.exits(20, false, "log").jobFailed(), Phase.Restarting, "OutOfMemory"),
                end("OOMKilled", l -> l.exits(137, true, null).jobFailed(), Phase.Restarting, "OutOfMemory"),
                end(
                        "exit 30",
                        l -> l.exits(30, Samples.failure(1, Reason.SourceUnavailable, "no claim"))
                                .jobFailed(),
                        Phase.Restarting,
                        "SourceUnavailable"),
                end("exit 50", l -> l.exits(50, false, null).jobFailed(), Phase.Restarting, "OutputFailed"),
                end("exit 70", l -> l.exits(70, false, null).jobFailed(), Phase.Restarting, "TrainerError"),
                end(
                        "exit 1, a log instead of a word",
                        l -> l.exits(1, false, "java: not found").jobFailed(),
                        Phase.Restarting,
                        "TrainerError"),
                end("exit 40", l -> l.exits(40, Samples.stopped(1)).jobFailed(), Phase.Restarting, "Stopped"),
                end("exit 40 without a word", l -> l.exits(40, false, null).jobFailed(), Phase.Restarting, "Stopped"),
                end(
                        "pod deleted, word in the progress object",
                        l -> l.podDeleted()
                                .report(Samples.report(1, 9, TrainerState.Ended, 40, 50L, Samples.stopped(1)))
                                .jobFailed(),
                        Phase.Restarting,
                        "Stopped"),
                end("pod deleted, nothing known", l -> l.podDeleted().jobFailed(), Phase.Restarting, "Stopped"),
                end(
                        "an old word in the progress object, then OOM",
                        l -> l.report(Samples.report(1, 9, TrainerState.Training, 40, 50L, Samples.stopped(1)))
                                .exits(137, true, null)
                                .jobFailed(),
                        Phase.Restarting,
                        "OutOfMemory"),
                end(
                        "word of another attempt",
                        l -> l.exits(70, Samples.failure(7, Reason.DataInvalid, "x"))
                                .jobFailed(),
                        Phase.Restarting,
                        "TrainerError"),
                end(
                        "failed Job whose word says success",
                        l -> l.exits(137, false, Life.json(Samples.success(1))).jobFailed(),
                        Phase.Restarting,
                        "TrainerError"),
                end("Job deleted", Life::jobDeleted, Phase.Restarting, "Stopped"),
                end("success", l -> l.exits(0, Samples.success(1)).jobComplete(), Phase.Succeeded, "Succeeded"),
                end(
                        "success, word in the progress object only",
                        l -> l.podDeleted()
                                .report(Samples.report(1, 9, TrainerState.Ended, 99, 200L, Samples.success(1)))
                                .jobComplete(),
                        Phase.Succeeded,
                        "Succeeded"),
                end(
                        "complete without a word",
                        l -> l.exits(0, false, "").jobComplete().after(Duration.ofSeconds(2)),
                        Phase.Restarting,
                        "TrainerError"),
                end(
                        "complete after a stop",
                        l -> l.exits(0, Samples.stopped(1)).jobComplete().after(Duration.ofSeconds(2)),
                        Phase.Restarting,
                        "TrainerError"),
                end(
                        "complete with a proof that does not hold",
                        l -> l.exits(0, Samples.success(1, 612, 611)).jobComplete(),
                        Phase.Failed,
                        "FrozenTensorChanged"),
                end(
                        "complete without a proof",
                        l -> l.exits(0, withoutProof()).jobComplete(),
                        Phase.Restarting,
                        "TrainerError"));
    }

    @ParameterizedTest(name = "{argumentSetName}")
    @MethodSource("ends")
    void givenAnEndThenTheRunGoesOnAccordingly(Consumer<Life> event, Phase phase, String reason) {
        event.accept(life);
        life.step();

        assertThat(life.status().phase()).isEqualTo(phase);
        assertThat(life.status().attempts()).extracting(AttemptStatus::reason).containsExactly(reason);
        assertThat(life.status().attempts().getFirst().endTime()).isNotNull();
        switch (phase) {
            case Failed -> assertThat(life.brief(ConditionType.Stalled)).isEqualTo("True/" + reason);
            case Restarting -> assertThat(life.brief(ConditionType.Running)).isEqualTo("False/Restarting");
            default -> assertThat(life.brief(ConditionType.Succeeded)).isEqualTo("True/Succeeded");
        }
        int written = life.writes;
        life.step();
        assertThat(life.writes).as("nothing changed").isEqualTo(written);
    }

    @Test
    void givenACompleteJobWithoutAWordThenItIsWaitedForABriefWhile() {
        life.exits(0, false, "").jobComplete();
        assertThat(life.step().requeueAfter()).isNotNull();
        assertThat(life.status().phase()).isEqualTo(Phase.Running);

        life.report(Samples.report(1, 9, TrainerState.Ended, 99, 200L, Samples.success(1)));
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
    }

    @Test
    void givenALogInsteadOfAWordThenTheFailureCarriesItsTail() {
        life.exits(1, false, "x".repeat(3000) + "java: not found").jobFailed();
        life.step();

        assertThat(life.status().failure().logTail())
                .hasSizeLessThanOrEqualTo(2048)
                .endsWith("java: not found");
        assertThat(life.status().failure().exitCode()).isEqualTo(1);
        assertThat(life.status().failure().pod()).isEqualTo("digits-1-0-abcde");
    }

    @Test
    void givenCountedFailuresThenPausesDoubleAndTheLimitEndsTheRun() {
        Life life = started(2);
        for (int attempt = 1; attempt <= 2; attempt++) {
            life.exits(70, Samples.failure(attempt, Reason.TrainerError, "boom " + attempt))
                    .jobFailed();
            Duration pause = life.step().requeueAfter();
            assertThat(pause).isEqualTo(Duration.ofSeconds(10L * attempt));
            assertThat(life.condition(ConditionType.Running).message())
                    .contains("failed: TrainerError: boom " + attempt, "attempt " + (attempt + 1) + " starts at");
            life.after(pause.minusSeconds(1)).step();
            assertThat(life.top()).isEqualTo(attempt);
            life.after(SECOND).step();
            assertThat(life.top()).isEqualTo(attempt + 1);
            assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        }
        life.exits(50, Samples.failure(3, Reason.OutputFailed, "disk full")).jobFailed();
        life.step();

        assertThat(life.status().phase()).isEqualTo(Phase.Failed);
        assertThat(life.brief(ConditionType.Failed)).isEqualTo("True/MaxRestartsExceeded");
        assertThat(life.condition(ConditionType.Failed).message()).contains("OutputFailed: disk full");
        assertThat(life.status().failure().reason()).isEqualTo("OutputFailed");
        assertThat(life.step().actions()).isEmpty();
    }

    @Test
    void givenAnEndThatIsSeenLongAfterItsPauseThenItIsToldBeforeTheNextAttemptStarts() {
        life.exits(70, false, null).jobFailed().after(Duration.ofHours(1));
        Plan plan = life.step();
        assertThat(plan.actions()).isEmpty();
        assertThat(life.status().phase()).isEqualTo(Phase.Restarting);

        life.after(plan.requeueAfter()).step();
        assertThat(life.status().attempt()).isEqualTo(2);
    }

    @Test
    void givenMemoryThatRunsOutTwiceThenTheRunFailsWhateverTheLimit() {
        life.exits(137, true, null).jobFailed();
        Duration pause = life.step().requeueAfter();
        life.after(pause).step();
        life.after(SECOND).exits(137, true, null).jobFailed();
        life.step();

        assertThat(life.brief(ConditionType.Failed)).isEqualTo("True/OutOfMemory");
        assertThat(life.status().failure().oomKilled()).isTrue();
    }

    @Test
    void givenManyStopsThenNoneIsCountedAndTheListKeepsTheLatestFive() {
        Life life = started(0);
        for (int attempt = 1; attempt <= 7; attempt++) {
            life.exits(40, Samples.stopped(attempt)).jobFailed();
            Duration pause = life.step().requeueAfter();
            life.after(pause).step();
            life.after(SECOND);
        }
        life.exits(0, Samples.success(8)).jobComplete();
        life.step();

        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
        assertThat(life.status().attempts()).extracting(AttemptStatus::number).containsExactly(4, 5, 6, 7, 8);
    }

    @Test
    void givenASuccessAfterAFailureThenTheFailureVanishes() {
        life.exits(70, Samples.failure(1, Reason.TrainerError, "boom")).jobFailed();
        life.after(life.step().requeueAfter()).step();
        assertThat(life.status().failure()).isNotNull();
        life.after(SECOND).exits(0, Samples.success(2)).jobComplete();
        life.step();

        assertThat(life.status().failure()).isNull();
        assertThat(life.status().attempts())
                .extracting(AttemptStatus::reason)
                .containsExactly("TrainerError", "Succeeded");
    }

    @Test
    void givenAFailedRunThatIsChangedThenASeriesBeginsWithItsOwnCountAndProgress() {
        Life life = started(0);
        life.exits(70, Samples.failure(1, Reason.TrainerError, "boom")).jobFailed();
        life.step();
        assertThat(life.brief(ConditionType.Failed)).isEqualTo("True/MaxRestartsExceeded");

        life.after(SECOND).changeSpec();
        life.run.setSpec(Samples.spec("pvc://models/other", null, 1));
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.status().attempt()).isEqualTo(2);
        assertThat(life.attempts.get(2).job().firstAttempt()).isEqualTo(2);
        assertThat(life.status().progress()).isNull();
        assertThat(life.status().checkpoint()).isNull();
        assertThat(life.status().failure()).isNull();

        life.after(SECOND).exits(70, false, null).jobFailed();
        life.step();
        assertThat(life.status().phase()).as("the first failure of this series").isEqualTo(Phase.Restarting);
    }

    @Test
    void givenAFailedRunThatIsChangedBadlyThenItStaysFailedAndSaysWhatIsWrong() {
        Life life = started(0);
        life.exits(70, false, null).jobFailed();
        life.step();
        life.changeSpec().run.setSpec(Samples.spec("file:///base", null, 0));
        life.step();
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Failed);
        assertThat(life.brief(ConditionType.Stalled)).isEqualTo("True/InvalidSpec");

        life.changeSpec().run.setSpec(Samples.spec());
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.top()).isEqualTo(2);
    }

    @Test
    void givenEphemeralScratchThenTheCheckpointIsNotPromisedToTheNextAttempt() {
        Life life = new Life(Samples.run(Samples.spec("pvc://m/b", null, 3)), Samples.CONFIGURATION);
        life.step();
        life.running()
                .report(Samples.report(1, 1, TrainerState.Training, 30, 40L, null))
                .step();
        assertThat(life.brief(ConditionType.CheckpointAvailable)).isEqualTo("False/Ephemeral");
        assertThat(life.status().checkpoint().step()).isEqualTo(40);

        life.exits(70, false, null).jobFailed();
        life.after(life.step().requeueAfter()).step();
        assertThat(life.status().checkpoint()).isNull();
    }

    private static LastWord withoutProof() {
        LastWord word = Samples.success(1);
        return new LastWord(
                1, word.outcome(), null, word.message(), word.step(), word.checkpoint(), word.output(), null, null);
    }

    @Test
    void givenAJobOfAnEndedAttemptWithATrainerStillAliveThenTheNextOneWaits() {
        life.exits(70, false, null).jobFailed();
        Duration pause = life.step().requeueAfter();
        life.strangers.add(
                new PodFacts("digits-1-0-late", "uid-1", life.now, life.now, false, null, false, false, null, null));
        life.after(pause).step();
        assertThat(life.top()).isEqualTo(1);
        assertThat(life.status().phase()).isEqualTo(Phase.Restarting);
        assertThat(life.condition(ConditionType.Running).message()).contains("digits-1-0-late");
        assertThat(life.done).filteredOn(Action.CreateJob.class::isInstance).hasSize(1);
    }

    @Test
    void givenAMeasuredCheckpointThenTheNextAttemptHasTimeForOneLikeIt() {
        life.exits(70, false, null).jobFailed();
        life.step();
        life.after(Duration.ofMinutes(1));

        assertThat(life.step().actions())
                .last()
                .isInstanceOfSatisfying(
                        Action.CreateJob.class,
                        create -> assertThat(create.job()
                                        .getSpec()
                                        .getTemplate()
                                        .getSpec()
                                        .getTerminationGracePeriodSeconds())
                                .isEqualTo(60 + 3 * 100));
    }
}
