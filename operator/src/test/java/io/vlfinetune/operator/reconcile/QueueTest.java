package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.conditions.Conditions;
import io.vlfinetune.operator.queue.QuotaFacts;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A run that names a queue of Kueue's, by the label. */
class QueueTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final QuotaFacts RESERVED =
            new QuotaFacts(true, true, "QuotaReserved", "Quota reserved in ClusterQueue team");
    private static final QuotaFacts EVICTED = new QuotaFacts(false, false, "Preempted", "Preempted to make room");

    private final Life life = new Life(queued(), Samples.CONFIGURATION);

    @Test
    void givenNoQuotaThenTheRunIsQueuedWithKueuesWordsUntilItIsAdmitted() {
        life.step();
        life.after(SECOND).admission(true, pending("2 more needed")).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Queued);
        assertThat(life.brief(ConditionType.QuotaReserved)).isEqualTo("False/Pending");
        assertThat(life.condition(ConditionType.QuotaReserved).message())
                .isEqualTo("insufficient quota: 2 more needed");
        assertThat(life.condition(ConditionType.Running).message())
                .isEqualTo("attempt 1 waits in queue team: insufficient quota: 2 more needed");
        assertThat(life.brief(ConditionType.Ready)).isEqualTo("True/Starting");

        life.after(SECOND).admission(false, RESERVED).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.brief(ConditionType.QuotaReserved)).isEqualTo("True/QuotaReserved");

        life.after(SECOND)
                .running()
                .report(Samples.report(1, 1, TrainerState.Training, 10))
                .step();
        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        assertThat(life.brief(ConditionType.QuotaReserved)).isEqualTo("True/QuotaReserved");
    }

    @Test
    void givenAMessageThatIsOnlyRewordedThenNothingIsWritten() {
        life.step();
        life.after(SECOND).admission(true, pending("2 more needed")).step();
        int written = life.writes;

        life.after(Duration.ofMinutes(10))
                .admission(true, pending("1 more needed"))
                .step();
        assertThat(life.writes).isEqualTo(written);

        life.after(SECOND)
                .admission(true, new QuotaFacts(false, false, "Inadmissible", "ClusterQueue team is stopped"))
                .step();
        assertThat(life.writes).isEqualTo(written + 1);
        assertThat(life.condition(ConditionType.QuotaReserved).message()).isEqualTo("ClusterQueue team is stopped");
    }

    @Test
    void givenAnEvictionThenTheRunIsQueuedAgainAndNoAttemptIsCounted() {
        life.step();
        life.after(SECOND).admission(false, RESERVED).running();
        life.report(Samples.report(1, 1, TrainerState.Training, 30, 60L, null)).step();

        life.after(SECOND).admission(true, EVICTED).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Queued);
        assertThat(life.brief(ConditionType.QuotaReserved)).isEqualTo("False/Preempted");
        assertThat(life.brief(ConditionType.Running))
                .as("its pod is told to stop")
                .isEqualTo("False/Starting");

        life.after(SECOND).exits(40, Samples.stopped(1)).step();
        life.after(SECOND).podDeleted().admission(true, pending("")).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Queued);

        life.after(SECOND).admission(false, RESERVED).running();
        life.report(Samples.report(1, 9, TrainerState.Training, 31, 60L, null)).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        life.after(SECOND).exits(0, Samples.success(1)).jobComplete().step();
        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
        assertThat(life.status().attempt()).isEqualTo(1);
        assertThat(life.top()).isEqualTo(1);
        assertThat(Conditions.find(life.status().conditions(), ConditionType.QuotaReserved))
                .as("what ended holds no quota")
                .isEmpty();
    }

    @Test
    void givenAFailedAttemptThenTheNextOneIsQueuedAnew() {
        life.step();
        life.after(SECOND).admission(false, RESERVED).running().step();
        life.after(SECOND)
                .exits(70, Samples.failure(1, Reason.TrainerError, "boom"))
                .jobFailed();
        Plan plan = life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Restarting);

        life.after(plan.requeueAfter()).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        life.after(SECOND).admission(true, pending("")).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Queued);
        assertThat(life.condition(ConditionType.Running).message()).startsWith("attempt 2 waits in queue team");
    }

    @Test
    void givenNoKueueThenTheJobSimplyRunsAndNothingIsSaidOfQuota() {
        life.step();
        life.after(SECOND)
                .running()
                .report(Samples.report(1, 1, TrainerState.Training, 10))
                .step();

        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        assertThat(Conditions.find(life.status().conditions(), ConditionType.QuotaReserved))
                .isEmpty();
    }

    @Test
    void givenAKueueThatIsRemovedThenWhatItSaidLastStands() {
        life.step();
        life.after(SECOND).admission(false, RESERVED).running();
        life.report(Samples.report(1, 1, TrainerState.Training, 10)).step();
        int written = life.writes;

        life.after(Duration.ofMinutes(1)).admission(false, null).step();
        assertThat(life.writes).isEqualTo(written);
    }

    @Test
    void givenAKueueThatHasNotSpokenThenItsFirstWordIsWaitedForBeforeItsSilenceIsTold() {
        life.step();
        int written = life.writes;
        Plan plan = life.admission(true, null).step();
        assertThat(life.writes).isEqualTo(written);

        life.after(plan.requeueAfter()).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Queued);
        assertThat(life.brief(ConditionType.QuotaReserved)).isEqualTo("False/NoAnswer");
    }

    @Test
    void givenAKueueThatComesLaterThenARunningJobIsQueuedOnceItIsSuspended() {
        life.step();
        life.after(SECOND)
                .running()
                .report(Samples.report(1, 1, TrainerState.Training, 10))
                .step();

        life.after(SECOND).admission(false, pending("")).step();
        assertThat(life.status().phase()).as("its pod still runs").isEqualTo(Phase.Running);

        life.after(SECOND).admission(true, pending("")).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Queued);
    }

    @Test
    void givenChecksThatAreNotThroughThenTheRunWaitsWithItsQuotaReserved() {
        life.step();
        life.after(SECOND)
                .admission(true, new QuotaFacts(true, false, "QuotaReserved", "Quota reserved in ClusterQueue team"))
                .step();

        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.brief(ConditionType.QuotaReserved)).isEqualTo("True/QuotaReserved");
        assertThat(life.condition(ConditionType.Running).message())
                .isEqualTo("attempt 1 waits in queue team: quota is reserved, admission checks are not through");
    }

    @Test
    void givenAJobThatSomebodySuspendsByHandThenTheRunSaysSo() {
        Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);
        life.step();
        life.after(SECOND).admission(true, null).step();

        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.condition(ConditionType.Running).message())
                .isEqualTo("attempt 1 is held back: spec.suspend of its Job is true");
    }

    private static VLFineTune queued() {
        VLFineTune run = Samples.run(Samples.spec());
        run.getMetadata().setLabels(Map.of("kueue.x-k8s.io/queue-name", "team"));
        return run;
    }

    private static QuotaFacts pending(String need) {
        return new QuotaFacts(false, false, "Pending", "insufficient quota: " + need);
    }
}
