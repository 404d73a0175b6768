package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.attempt.RunJson;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Normal life, obstacles, change and deletion of a run, on facts alone. */
class PlannerTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);

    @Test
    void givenANewRunThenClaimAccessProgressAndJobAreMadeInThatOrderAndConditionsStandAtOnce() {
        Plan plan = life.step();

        assertThat(plan.actions())
                .extracting(action -> action.getClass().getSimpleName())
                .containsExactly("CreateClaim", "EnsureTrainerAccess", "CreateProgress", "CreateJob");
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.status().observedGeneration()).isEqualTo(1);
        assertThat(life.status().attempt()).isEqualTo(1);
        assertThat(life.brief(ConditionType.Ready)).isEqualTo("True/Starting");
        assertThat(life.brief(ConditionType.Reconciling)).startsWith("False");
        assertThat(life.status().conditions())
                .allSatisfy(
                        condition -> assertThat(condition.observedGeneration()).isEqualTo(1));
        assertThat(life.status().attempts())
                .containsExactly(new AttemptStatus(1, "2026-01-01T00:00:00Z", null, null, null, null));
    }

    @Test
    void givenAReportThenTheRunIsRunningAndSaysSoInWords() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 41));
        life.step();

        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        assertThat(life.condition(ConditionType.Progressing).message())
                .isEqualTo("step 82/200 (41 %), loss 0.431, in-domain/accuracy 0.962, 12.3 samples/s, 5m10s left");
        assertThat(life.condition(ConditionType.PlanResolved).message())
                .isEqualTo("trains 36,715,520 of 3,754,622,976 parameters (0.98 %): projector");
        assertThat(life.brief(ConditionType.CheckpointAvailable)).isEqualTo("False/NoneYet");
        assertThat(life.status().plan()).isNotNull();
        assertThat(life.status().metrics()).hasSize(2);
    }

    @Test
    void givenAPodWithoutAReportThenTheRunOnlyStarts() {
        life.step();
        life.after(SECOND).running().step();

        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.writes).isEqualTo(1);
    }

    @Test
    void givenTrainersThatCannotReportThenARunningContainerCountsAsRunning() {
        Life life = new Life(Samples.run(Samples.spec()), Samples.WITHOUT_CHANNEL);
        life.step();
        life.after(SECOND).running().step();

        assertThat(life.status().phase()).isEqualTo(Phase.Running);
    }

    @Test
    void givenAValidLastWordThenTheRunSucceedsWithProofAndFullPercent() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 99));
        life.step();
        life.after(SECOND).exits(0, Samples.success(1)).jobComplete();
        life.step();

        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
        assertThat(life.status().progress().percent()).isEqualTo(100);
        assertThat(life.status().progress().step()).isEqualTo(200);
        assertThat(life.status().proof().holds()).isTrue();
        assertThat(life.status().output().digest()).isEqualTo("sha256:output");
        assertThat(life.status().failure()).isNull();
        assertThat(life.condition(ConditionType.Succeeded).message())
                .contains("in-domain/accuracy 0.962 (base 0.192)")
                .contains("612 of 612 frozen tensors verified unchanged");
        assertThat(life.brief(ConditionType.Ready)).isEqualTo("True/Succeeded");
        assertThat(life.status().attempts().getFirst().reason()).isEqualTo("Succeeded");
        assertThat(life.writes).isEqualTo(3);
    }

    @Test
    void givenAJobThatEndsBeforeItsPodIsSeenToEndThenNothingIsDecidedYet() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 99));
        life.step();
        life.after(SECOND).jobComplete();
        Plan plan = life.step();

        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        assertThat(plan.requeueAfter()).isNotNull();
    }

    @Test
    void givenProgressThatRisesFastThenItIsCopiedOnceAPeriodAndUnimportantChangesNever() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 10));
        life.step();
        int written = life.writes;

        life.after(SECOND).report(Samples.report(1, 2, TrainerState.Training, 11));
        Plan plan = life.step();
        assertThat(life.writes).isEqualTo(written);
        assertThat(plan.requeueAfter()).isEqualTo(Duration.ofSeconds(14));

        life.after(Duration.ofSeconds(14)).step();
        assertThat(life.writes).isEqualTo(written + 1);
        assertThat(life.status().progress().percent()).isEqualTo(11);

        life.after(Duration.ofHours(1)).report(Samples.report(1, 3, TrainerState.Training, 11));
        assertThat(life.step().requeueAfter()).as("the next heartbeat").isEqualTo(Duration.ofMinutes(10));
        assertThat(life.writes).isEqualTo(written + 1);
    }

    @Test
    void givenPercentThatGoesBackAfterARestartThenTheStatusKeepsTheHigher() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 60, 100L, null));
        life.step();
        life.after(SECOND)
                .exits(70, Samples.failure(1, Reason.TrainerError, "boom"))
                .jobFailed();
        life.step();
        life.after(Duration.ofSeconds(10)).step();
        life.after(SECOND).running().report(Samples.report(2, 1, TrainerState.Training, 50, 100L, null));
        life.step();

        assertThat(life.status().attempt()).isEqualTo(2);
        assertThat(life.status().progress().percent()).isEqualTo(60);
        assertThat(life.status().attempts().getLast().resumedFromStep()).isEqualTo(40);
        assertThat(life.status().failure().message()).isEqualTo("boom");
    }

    @Test
    void givenAReportOfAHundredPercentThenTheStatusSaysNinetyNineUntilTheOutputIsCommitted() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Finishing, 100));
        life.step();

        assertThat(life.status().progress().percent()).isEqualTo(99);
    }

    @Test
    void givenAnImageThatCannotBePulledThenTheWordsOfTheFirstRefusalStay() {
        life.step();
        life.after(SECOND).waiting("ErrImagePull", "not found").step();
        life.after(SECOND).waiting("ImagePullBackOff", "Back-off pulling image").step();

        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.condition(ConditionType.Ready).message())
                .isEqualTo("ImageUnavailable: pod digits-1-0-abcde cannot pull image image:1: not found");
        assertThat(life.writes).isEqualTo(2);
    }

    @Test
    void givenNoRoomThenTheConditionSaysWhatTheSchedulerSays() {
        life.step();
        life.after(SECOND).waiting("Unschedulable", "0/3 nodes are available").step();

        assertThat(life.condition(ConditionType.Running).message())
                .isEqualTo("Unschedulable: no node takes pod digits-1-0-abcde: 0/3 nodes are available");
    }

    @Test
    void givenAFileSourceInAClusterThenTheRunIsStalledUntilTheSpecIsFixed() {
        Life life = new Life(Samples.run(Samples.spec("file:///models/base", null, 3)), Samples.CONFIGURATION);
        Plan plan = life.step();
        assertThat(plan.actions()).isEmpty();
        assertThat(life.status().phase()).isEqualTo(Phase.Pending);
        assertThat(life.brief(ConditionType.Stalled)).isEqualTo("True/InvalidSpec");
        assertThat(life.condition(ConditionType.Stalled).message()).startsWith("spec.model.source: file://");
        assertThat(life.step().actions()).isEmpty();
        assertThat(life.writes).isEqualTo(1);

        life.run.setSpec(Samples.spec());
        life.changeSpec().step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.brief(ConditionType.Stalled)).startsWith("False");
    }

    @Test
    void givenASpecTooLargeForItsPodThenTheRunIsStalled() {
        Life life = new Life(
                Samples.run(Samples.spec("pvc://models/" + "x".repeat(RunJson.MAX_BYTES), null, 3)),
                Samples.CONFIGURATION);
        life.step();

        assertThat(life.brief(ConditionType.Stalled)).isEqualTo("True/InvalidSpec");
        assertThat(life.condition(ConditionType.Stalled).message()).contains("at most 131072");
    }

    @Test
    void givenAPodOfAnEarlierRunOfTheSameNameThenNoAttemptStartsBesideIt() {
        life.strangers.add(
                new PodFacts("digits-1-0-other", "old", life.now, life.now, false, null, false, false, null, null));
        assertThat(life.step().actions()).isEmpty();
        assertThat(life.status().phase()).isEqualTo(Phase.Pending);
        assertThat(life.condition(ConditionType.Reconciling).message()).contains("digits-1-0-other");

        life.strangers.clear();
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
    }

    @Test
    void givenAReconcileThatDiedBetweenProgressAndJobThenTheNumberIsTakenUpAgain() {
        life.attempts.put(1, new AttemptFacts(1, 1, null, List.of(), null));
        life.step();

        assertThat(life.status().attempt()).isEqualTo(1);
        assertThat(life.attempts.get(1).job()).isNotNull();
    }

    @Test
    void givenALostStatusThenTheChildrenTellWhereTheRunStands() {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30));
        life.step();
        life.run.setStatus(null);
        life.after(SECOND).step();

        assertThat(life.status().phase()).isEqualTo(Phase.Running);
        assertThat(life.status().attempt()).isEqualTo(1);
        assertThat(life.status().progress().percent()).isEqualTo(30);
        assertThat(life.attempts).hasSize(1);
    }

    @Test
    void givenASucceededRunThenALaterGenerationIsNotedAndNothingElseHappens() {
        life.step();
        life.after(SECOND).exits(0, Samples.success(1)).jobComplete();
        life.step();
        Instant since = Instant.parse(life.condition(ConditionType.Succeeded).lastTransitionTime());
        life.after(Duration.ofHours(1)).changeSpec();
        assertThat(life.step().actions()).isEmpty();

        assertThat(life.status().observedGeneration()).isEqualTo(2);
        assertThat(life.status().phase()).isEqualTo(Phase.Succeeded);
        assertThat(life.status().conditions())
                .extracting(Condition::lastTransitionTime)
                .allSatisfy(time -> assertThat(Instant.parse(time)).isBeforeOrEqualTo(since));
    }
}
