package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SuspendTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);

    @BeforeEach
    void train() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30, 60L, null));
        life.step();
        life.after(MINUTE);
    }

    @Test
    void givenASuspensionThenTheJobIsStoppedAndTheRunIsSuspendedOnceItsPodIsGone() {
        Plan plan = life.lifecycle("{\"suspend\": true}").step();
        assertThat(plan.actions()).containsExactly(new Action.DeleteJob("digits-1", "uid-1"));
        assertThat(life.status().phase()).isEqualTo(Phase.Suspending);
        assertThat(life.brief(ConditionType.Reconciling)).isEqualTo("True/Suspending");

        life.after(SECOND).jobDeleting();
        assertThat(life.step().actions()).isEmpty();
        assertThat(life.status().phase()).isEqualTo(Phase.Suspending);

        life.after(SECOND).jobDeleted();
        assertThat(life.step().actions()).isEmpty();
        assertThat(life.status().phase()).isEqualTo(Phase.Suspended);
        assertThat(life.brief(ConditionType.Ready)).isEqualTo("True/Suspended");
        assertThat(life.brief(ConditionType.Reconciling)).isEqualTo("False/Settled");
        assertThat(life.condition(ConditionType.Suspended).message()).contains("checkpoint of step 60");
        assertThat(life.status().attempts()).extracting(AttemptStatus::reason).containsExactly("Suspended");

        int writes = life.writes;
        life.after(MINUTE).step();
        assertThat(life.writes).isEqualTo(writes);
    }

    @Test
    void givenASuspendedRunThatIsResumedThenItGoesOnAtOnceWithItsSpecOfNow() {
        suspend();
        Plan plan = life.after(MINUTE).lifecycle("{}").step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.status().attempt()).isEqualTo(2);
        assertThat(life.brief(ConditionType.Suspended)).isEqualTo("False/NotSuspended");
        assertThat(plan.actions()).last().isInstanceOf(Action.CreateJob.class);
        assertThat(life.attempts.get(2).firstAttempt())
                .as("the same checkpoints")
                .isEqualTo(1);
        assertThat(life.status().checkpoint().step()).isEqualTo(60);
    }

    @Test
    void givenAResumedRunWhoseFirstSeriesIsAnotherOneThenItKeepsToItsOwnCheckpoints() {
        life.exits(11, Samples.failure(1, Reason.DataInvalid, "line 3")).jobFailed("PodFailurePolicy", "");
        life.step();
        life.after(SECOND).changeSpec().step();
        assertThat(life.attempts.get(2).firstAttempt()).isEqualTo(2);
        life.after(SECOND).running().report(Samples.report(2, 1, TrainerState.Training, 10));
        life.step();

        suspend();
        life.after(MINUTE).lifecycle("{}").step();

        assertThat(life.status().attempt()).isEqualTo(3);
        assertThat(life.attempts.get(3).firstAttempt()).isEqualTo(2);
    }

    @Test
    void givenARunThatIsSuspendedFromTheBeginningThenNothingIsMade() {
        Life other = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION).lifecycle("{\"suspend\": true}");
        assertThat(other.step().actions()).isEmpty();
        assertThat(other.status().phase()).isEqualTo(Phase.Suspended);
        assertThat(other.condition(ConditionType.Suspended).message()).contains("from the base model");

        other.after(MINUTE).lifecycle("{}").step();
        assertThat(other.status().attempt()).isEqualTo(1);
        assertThat(other.status().phase()).isEqualTo(Phase.Starting);
    }

    @Test
    void givenATrainerThatFinishedBeforeTheSignalCameThenTheRunSucceeds() {
        life.exits(0, Samples.success(1)).jobComplete();
        assertThat(life.lifecycle("{\"suspend\": true}").step().actions()).isEmpty();
        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
    }

    @Test
    void givenAPodThatDoesNotEndThenTheRunIsNotSuspendedAndNoOtherAttemptStarts() {
        life.lifecycle("{\"suspend\": true}").step();
        life.after(SECOND).jobOrphansItsPods();
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Suspending);

        life.after(SECOND).lifecycle("{}").step();
        assertThat(life.top()).isEqualTo(1);
    }

    @Test
    void givenSuspensionsThenTheyDoNotCountAsActiveTime() {
        life.lifecycle("{\"suspend\": true}").step();
        life.jobDeleted().step();
        long active = life.status().activeSeconds();
        assertThat(active).isEqualTo(60);
        assertThat(life.status().activeSince()).isNull();

        life.after(Duration.ofHours(5))
                .lifecycle("{\"activeDeadline\": \"90s\"}")
                .step();
        life.running().report(Samples.report(2, 1, TrainerState.Training, 30));
        assertThat(life.step().requeueAfter()).isEqualTo(Duration.ofSeconds(30));
        assertThat(life.status().phase()).isEqualTo(Phase.Running);

        life.after(Duration.ofSeconds(30)).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Failed);
        assertThat(life.status().failure().reason()).isEqualTo("DeadlineExceeded");
    }

    private void suspend() {
        life.lifecycle("{\"suspend\": true}").step();
        life.after(SECOND).jobDeleted().step();
        assertThat(life.status().phase()).isEqualTo(Phase.Suspended);
    }
}
