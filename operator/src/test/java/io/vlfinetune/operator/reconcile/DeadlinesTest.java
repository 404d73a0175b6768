package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class DeadlinesTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);

    @Test
    void givenARunThatIsActiveForTooLongThenItIsStoppedAndHasFailedWithTheField() {
        life.lifecycle("{\"activeDeadline\": \"1h\"}").step();
        life.after(Duration.ofHours(3)).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        assertThat(life.step().requeueAfter()).as("the heartbeat is due first").isEqualTo(Duration.ofMinutes(10));
        life.after(Duration.ofHours(1)).report(Samples.report(1, 2, TrainerState.Training, 60));

        Plan plan = life.step();

        assertThat(plan.actions()).containsExactly(new Action.DeleteJob("digits-1", "uid-1"));
        assertThat(life.status().phase()).isEqualTo(Phase.Failed);
        assertThat(life.brief(ConditionType.Failed)).isEqualTo("True/DeadlineExceeded");
        assertThat(life.brief(ConditionType.Stalled)).isEqualTo("True/DeadlineExceeded");
        assertThat(life.condition(ConditionType.Failed).message())
                .isEqualTo(
                        "active for 1h, longer than spec.lifecycle.activeDeadline 1h: raise it, or train for fewer steps");
        assertThat(life.status().failure().reason()).isEqualTo("DeadlineExceeded");

        life.after(SECOND).jobDeleted();
        assertThat(life.step().actions()).isEmpty();
        assertThat(life.status().phase()).isEqualTo(Phase.Failed);
    }

    @Test
    void givenADeadlineBetweenTwoAttemptsThenTheNextOneDoesNotStart() {
        life.lifecycle("{\"activeDeadline\": \"60s\"}").step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        life.step();
        life.after(Duration.ofSeconds(55)).exits(70, false, null).jobFailed();
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Restarting);

        life.after(SECOND.multipliedBy(5)).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Failed);
        assertThat(life.top()).isEqualTo(1);
    }

    @Test
    void givenAnAttemptThatFinishesAtTheLastMomentThenItsSuccessCounts() {
        life.lifecycle("{\"activeDeadline\": \"60s\"}").step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        life.step();
        life.exits(0, Samples.success(1)).jobComplete();
        life.after(Duration.ofHours(1)).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
    }

    @Test
    void givenAnAttemptThatWaitsForTooLongThenTheRunFailsWithTheObstacle() {
        life.lifecycle("{\"pendingDeadline\": \"2h\"}").step();
        life.after(SECOND).waiting("Unschedulable", "0/3 nodes are available: 3 Insufficient nvidia.com/gpu");
        assertThat(life.step().requeueAfter()).isEqualTo(Duration.ofHours(2).minus(SECOND));

        life.after(Duration.ofHours(2));
        Plan plan = life.step();

        assertThat(plan.actions()).containsExactly(new Action.DeleteJob("digits-1", "uid-1"));
        assertThat(life.brief(ConditionType.Failed)).isEqualTo("True/PendingDeadlineExceeded");
        assertThat(life.condition(ConditionType.Failed).message())
                .contains("spec.lifecycle.pendingDeadline 2h")
                .contains("Insufficient nvidia.com/gpu");
    }

    @Test
    void givenATrainerThatFallsSilentThenTheStatusSaysSoUntilItSpeaksAgain() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        assertThat(life.step().requeueAfter()).isEqualTo(Duration.ofMinutes(10));

        life.after(Duration.ofMinutes(10));
        assertThat(life.step().actions()).isEmpty();
        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        assertThat(life.brief(ConditionType.Progressing)).isEqualTo("False/NoHeartbeat");
        assertThat(life.condition(ConditionType.Progressing).message())
                .contains("spec.lifecycle.progressTimeout 10m")
                .contains("digits-1-0-abcde");

        life.after(SECOND).report(Samples.report(1, 2, TrainerState.Training, 31));
        life.step();
        assertThat(life.brief(ConditionType.Progressing)).isEqualTo("True/Training");
    }

    @Test
    void givenATrainerThatRunsButNeverReportsThenItsWaitCountsAsOne() {
        life.lifecycle("{\"pendingDeadline\": \"2h\", \"progressTimeout\": \"3h\"}")
                .step();
        life.after(SECOND).running();
        assertThat(life.step().requeueAfter()).isEqualTo(Duration.ofHours(2).minus(SECOND));

        life.after(Duration.ofHours(2));

        assertThat(life.step().actions()).containsExactly(new Action.DeleteJob("digits-1", "uid-1"));
        assertThat(life.brief(ConditionType.Failed)).isEqualTo("True/PendingDeadlineExceeded");
    }

    @Test
    void givenATrainerThatRunsButNeverReportsThenItIsSilentFromItsContainersStartAndStillStarting() {
        life.step();
        life.after(SECOND).waiting("ErrImagePull", "not found").step();
        life.after(Duration.ofHours(1)).running();
        assertThat(life.step().requeueAfter()).isEqualTo(Duration.ofMinutes(10));
        assertThat(life.brief(ConditionType.Progressing)).isEqualTo("False/Starting");

        life.after(Duration.ofMinutes(10)).step();

        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.brief(ConditionType.Running)).isEqualTo("False/Starting");
        assertThat(life.brief(ConditionType.Progressing)).isEqualTo("False/NoHeartbeat");
        assertThat(life.condition(ConditionType.Progressing).message())
                .contains("no sign of the trainer since 2026-01-01T01:00:01", "digits-1-0-abcde");
        assertThat(life.status().activeSince()).isNull();

        life.after(SECOND).report(Samples.report(1, 1, TrainerState.Training, 1));
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        assertThat(life.brief(ConditionType.Progressing)).isEqualTo("True/Training");
    }

    @Test
    void givenRestartOnSilenceThenATrainerThatNeverReportsIsGivenUpToo() {
        life.lifecycle("{\"onNoHeartbeat\": \"Restart\"}").step();
        life.after(SECOND).running().step();

        life.after(Duration.ofMinutes(10)).step();
        life.step();
        life.after(SECOND).jobDeleted().step();

        assertThat(life.status().failure().reason()).isEqualTo("NoHeartbeat");
        life.after(Duration.ofSeconds(20)).step();
        assertThat(life.status().attempt()).isEqualTo(2);
    }

    @Test
    void givenTrainersThatCannotReportThenTheirSilenceMeansNothing() {
        Life mute = new Life(Samples.run(Samples.spec()), Samples.WITHOUT_CHANNEL);
        mute.lifecycle("{\"pendingDeadline\": \"1h\"}").step();
        mute.after(SECOND).running().step();

        mute.after(Duration.ofHours(2));

        assertThat(mute.step().actions()).isEmpty();
        assertThat(mute.status().phase()).isEqualTo(Phase.Running);
        assertThat(mute.brief(ConditionType.Progressing)).isEqualTo("True/Training");
    }

    @Test
    void givenRestartOnSilenceThenTheAttemptIsGivenUpCountedAndResumed() {
        life.lifecycle("{\"onNoHeartbeat\": \"Restart\", \"progressTimeout\": \"1m\", \"maxRestarts\": 1}")
                .step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30, 60L, null));
        life.step();

        life.after(Duration.ofMinutes(1));
        Plan told = life.step();
        assertThat(told.actions()).as("first it is written down").isEmpty();
        assertThat(life.status().phase()).isEqualTo(Phase.Restarting);
        assertThat(life.step().actions()).containsExactly(new Action.DeleteJob("digits-1", "uid-1"));
        life.jobDeleting();
        assertThat(life.step().actions()).isEmpty();

        life.after(SECOND).jobDeleted();
        life.step();
        assertThat(life.status().failure().reason()).isEqualTo("NoHeartbeat");
        life.after(Duration.ofSeconds(20)).step();
        assertThat(life.status().attempt()).isEqualTo(2);
        assertThat(life.status().attempts()).extracting(AttemptStatus::reason).containsExactly("NoHeartbeat", null);

        life.after(SECOND).running().report(Samples.report(2, 1, TrainerState.Training, 30));
        life.step();
        life.after(Duration.ofMinutes(1)).step();
        life.step();
        life.jobDeleted().step();
        assertThat(life.brief(ConditionType.Failed)).isEqualTo("True/" + Reason.MaxRestartsExceeded);
    }
}
