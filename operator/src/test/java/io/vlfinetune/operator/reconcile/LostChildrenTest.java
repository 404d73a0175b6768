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

/** Runs whose children somebody deletes, or whose status is lost. */
class LostChildrenTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Life life = started(1);

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

    @Test
    void givenAJobThatIsDeletedWithoutItsPodThenItsTrainerIsFollowedUntilItIsGone() {
        Plan plan = life.jobOrphansItsPods().step();
        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        assertThat(plan.actions()).isEmpty();
        assertThat(plan.requeueAfter()).isNull();

        life.after(SECOND).podDeleted().step();
        assertThat(life.status().phase()).isEqualTo(Phase.Restarting);
        assertThat(life.condition(ConditionType.Running).message()).contains("the Job of attempt 1 was deleted");
    }

    @Test
    void givenAllChildrenDeletedThenTheStatusStillKnowsHowEarlierAttemptsEnded() {
        life.exits(70, Samples.failure(1, Reason.TrainerError, "boom")).jobFailed();
        life.after(life.step().requeueAfter()).step();
        assertThat(life.status().attempt()).isEqualTo(2);

        life.after(SECOND).childrenDeleted();
        Plan plan = life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Restarting);
        assertThat(life.status().attempts())
                .extracting(AttemptStatus::reason)
                .containsExactly("TrainerError", "Stopped");

        life.after(plan.requeueAfter()).step();
        assertThat(life.status().attempt()).isEqualTo(3);

        life.after(SECOND)
                .exits(70, Samples.failure(3, Reason.TrainerError, "boom again"))
                .jobFailed();
        life.step();
        assertThat(life.brief(ConditionType.Failed)).isEqualTo("True/MaxRestartsExceeded");
        assertThat(life.condition(ConditionType.Failed).message())
                .startsWith("2 attempts failed and spec.lifecycle.maxRestarts is 1");
    }

    @Test
    void givenALostStatusAndALostJobThenWhatItsTrainerReportedStillCounts() {
        life.report(Samples.report(1, 9, TrainerState.Ended, 30, 40L, Samples.failure(1, Reason.TrainerError, "boom")));
        life.exits(70, Samples.failure(1, Reason.TrainerError, "boom")).jobFailed();
        life.after(life.step().requeueAfter()).step();
        assertThat(life.top()).isEqualTo(2);

        life.attempts.computeIfPresent(1, (number, facts) -> Life.withoutJob(facts));
        life.run.setStatus(null);
        life.after(SECOND)
                .exits(70, Samples.failure(2, Reason.TrainerError, "boom again"))
                .jobFailed();
        life.step();
        assertThat(life.brief(ConditionType.Failed)).isEqualTo("True/MaxRestartsExceeded");
        assertThat(life.condition(ConditionType.Failed).message()).startsWith("2 attempts failed");
    }
}
