package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.attempt.PodFacts;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A run that is deleted, and a new one that takes its name. */
class DeletionTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);

    @Test
    void givenADeletedRunThenItsChildrenAreLeftToTheirOwnerReferencesAndNothingIsWritten() {
        start();
        VLFineTuneStatus last = life.status();
        // Kubernetes raises the generation of what it marks as deleted.
        life.changeSpec().run.getMetadata().setDeletionTimestamp(life.now.toString());

        Plan plan = life.step();
        assertThat(plan.actions()).isEmpty();
        assertThat(plan.requeueAfter()).isNull();
        assertThat(life.status()).isEqualTo(last);

        life.after(SECOND).jobDeleted();
        assertThat(life.step().actions()).isEmpty();
    }

    @Test
    void givenANewRunOfTheNameThenItStartsWhenTheOldOnesPodAndJobAreGone() {
        Life old = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);
        old.step();
        old.after(SECOND).running();
        PodFacts pod = old.attempts.get(1).pod().orElseThrow();
        life.strangers.add(pod);
        life.leftovers.add("Job digits-1");

        assertThat(life.step().actions()).isEmpty();
        assertThat(life.status().phase()).isEqualTo(Phase.Pending);
        assertThat(life.condition(ConditionType.Ready).message()).contains("waits for pod " + pod.name());

        life.strangers.clear();
        assertThat(life.after(SECOND).step().actions()).isEmpty();
        assertThat(life.condition(ConditionType.Ready).reason()).isEqualTo("NameInUse");
        assertThat(life.condition(ConditionType.Ready).message())
                .isEqualTo("Job digits-1 of an earlier run of this name must go first: delete what stays");

        life.leftovers.clear();
        assertThat(life.after(SECOND).step().actions()).last().isInstanceOf(Action.CreateJob.class);
    }

    private void start() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        life.step();
        life.after(SECOND);
    }
}
