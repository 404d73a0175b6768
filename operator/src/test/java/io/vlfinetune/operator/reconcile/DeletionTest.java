package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A run that is deleted while its attempt is at work, stopping or over. */
class DeletionTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);

    @BeforeEach
    void start() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        life.step();
        life.after(SECOND);
    }

    @Test
    void givenAJobThatIsBeingDeletedAlreadyThenItIsOnlyWaitedFor() {
        delete();
        life.jobDeleting();

        Plan plan = life.step();
        assertThat(plan.actions()).isEmpty();
        assertThat(plan.requeueAfter()).isEqualTo(Duration.ofMinutes(5));

        life.after(SECOND).jobDeleted();
        assertThat(life.step().actions()).containsExactly(new Action.Release());
    }

    @Test
    void givenAJobThatHasEndedThenItStaysToItsOwnerReferenceAndTheRunGoesAtOnce() {
        life.exits(0, Samples.success(1)).jobComplete();
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
        VLFineTuneStatus last = life.status();
        delete();

        Plan plan = life.step();
        assertThat(plan.actions()).containsExactly(new Action.Release());
        assertThat(plan.requeueAfter()).isNull();
        assertThat(life.status())
                .as("a run that goes is not written to any more")
                .isEqualTo(last);
    }

    /** Kubernetes raises the generation of what it marks as deleted. */
    private void delete() {
        life.changeSpec().run.getMetadata().setDeletionTimestamp(life.now.toString());
    }
}
