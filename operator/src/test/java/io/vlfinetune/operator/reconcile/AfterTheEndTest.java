package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.attempt.MadeFrom;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class AfterTheEndTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);

    @Test
    void givenARetryOfAFailedRunThenOneMoreAttemptResumesItAndTheTokenIsHonouredOnce() {
        fail();
        life.after(SECOND).annotate(MadeFrom.RETRY, "again").step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.status().attempt()).isEqualTo(2);
        assertThat(life.status().honouredRetry()).isEqualTo("again");
        assertThat(life.attempts.get(2).firstAttempt())
                .as("the same checkpoints")
                .isEqualTo(1);
        assertThat(life.brief(ConditionType.Failed)).isEqualTo("False/NotFailed");

        life.after(SECOND)
                .exits(11, Samples.failure(2, Reason.DataInvalid, "line 3"))
                .jobFailed("PodFailurePolicy", "");
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Failed);
        life.after(SECOND).step();
        assertThat(life.top()).isEqualTo(2);

        life.after(SECOND).annotate(MadeFrom.RETRY, "once more").step();
        assertThat(life.top()).isEqualTo(3);
    }

    @Test
    void givenAReconcileThatDiedBeforeTheRetryWasWrittenDownThenItIsNotStartedTwice() {
        fail();
        var failed = life.status();
        life.after(SECOND).annotate(MadeFrom.RETRY, "again").step();
        life.run.setStatus(failed);

        assertThat(life.after(SECOND).step().actions()).isEmpty();
        assertThat(life.top()).isEqualTo(2);
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.status().honouredRetry()).isEqualTo("again");
    }

    @Test
    void givenATokenThatWasThereBeforeTheAttemptStartedThenItsFailureIsFinal() {
        life.annotate(MadeFrom.RETRY, "early");
        fail();
        life.after(SECOND).step();
        assertThat(life.top()).isEqualTo(1);
        assertThat(life.status().phase()).isEqualTo(Phase.Failed);
    }

    @Test
    void givenAChildrenTtlThenEverythingButTheRunIsDeletedWhenItIsOver() {
        life.lifecycle("{\"childrenTTL\": \"24h\"}").step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        life.step();
        life.after(SECOND).exits(0, Samples.success(1)).jobComplete();
        assertThat(life.step().requeueAfter()).isEqualTo(Duration.ofHours(24));
        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
        int writes = life.writes;

        life.after(Duration.ofHours(24));
        assertThat(life.step().actions())
                .containsExactly(
                        new Action.DeleteClaim("digits-scratch"),
                        new Action.DeleteJob("digits-1", "uid-1"),
                        new Action.DeleteProgress("digits-1"));
        life.jobDeleted();
        assertThat(life.step().actions()).as("what is left").hasSize(2);
        assertThat(life.step().actions()).isEmpty();
        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
        assertThat(life.writes).isEqualTo(writes);
    }

    @Test
    void givenAScratchVolumeThatTheSpecNoLongerHasThenItGoesToo() {
        life.lifecycle("{\"childrenTTL\": \"1h\"}").step();
        life.after(SECOND).exits(0, Samples.success(1)).jobComplete().step();
        life.withoutScratch().after(Duration.ofHours(1));

        assertThat(life.step().actions()).contains(new Action.DeleteClaim("digits-scratch"));
    }

    @Test
    void givenAPausedRunThenItIsFollowedButNothingIsDoneForIt() {
        Life paused = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION).annotate(Planner.PAUSED, "true");
        assertThat(paused.step().actions()).isEmpty();
        assertThat(paused.status().phase()).isEqualTo(Phase.Pending);
        assertThat(paused.condition(ConditionType.Reconciling).message()).contains("vlfinetune.io/paused");

        paused.annotate(Planner.PAUSED, "false").step();
        assertThat(paused.status().phase()).isEqualTo(Phase.Starting);
        paused.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        paused.annotate(Planner.PAUSED, "true").step();
        assertThat(paused.status().phase()).isEqualTo(Phase.Running);

        paused.after(SECOND).lifecycle("{\"suspend\": true}");
        assertThat(paused.step().actions()).isEmpty();
        assertThat(paused.brief(ConditionType.Reconciling)).isEqualTo("True/Paused");
        assertThat(paused.status().phase()).isEqualTo(Phase.Running);

        paused.annotate(Planner.PAUSED, "false");
        assertThat(paused.step().actions()).hasSize(1);
    }

    @Test
    void givenHealthIsCompletionThenTheRunIsUnfinishedWorkUntilItsEnd() {
        life.annotate(Planner.HEALTH, "completion").step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        life.step();
        assertThat(life.brief(ConditionType.Ready)).isEqualTo("False/Running");
        assertThat(life.brief(ConditionType.Reconciling)).isEqualTo("True/Running");

        life.after(SECOND).exits(0, Samples.success(1)).jobComplete().step();
        assertThat(life.brief(ConditionType.Ready)).isEqualTo("True/Succeeded");
        assertThat(life.brief(ConditionType.Reconciling)).isEqualTo("False/Settled");
    }

    @Test
    void givenAPlanOnlyRunThenItSucceedsWithItsPlanAndWithoutAnOutput() {
        life.lifecycle("{\"planOnly\": true}").step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Preparing, 0));
        life.step();
        life.after(SECOND).exits(0, Samples.planned(1)).jobComplete().step();

        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
        assertThat(life.brief(ConditionType.Succeeded)).isEqualTo("True/PlanOnly");
        assertThat(life.condition(ConditionType.Succeeded).message()).contains("36,715,520 of 3,754,622,976");
        assertThat(life.status().output()).isNull();
    }

    @Test
    void givenASpecThatChangedUnderALiveAttemptThenTheStatusSaysWhenItTakesEffect() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        life.step();
        life.run.setSpec(Samples.spec("pvc://models/other", null, 3));
        life.after(SECOND).changeSpec().step();
        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        assertThat(life.condition(ConditionType.Running).message()).contains("suspend the run first");

        life.after(SECOND).lifecycle("{\"maxRestarts\": 9}");
        life.run.setSpec(Samples.spec());
        life.step();
        assertThat(life.condition(ConditionType.Running).message()).isEqualTo("attempt 1 is at work");
    }

    private void fail() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        life.step();
        life.after(SECOND)
                .exits(11, Samples.failure(1, Reason.DataInvalid, "line 3"))
                .jobFailed("PodFailurePolicy", "");
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Failed);
    }
}
