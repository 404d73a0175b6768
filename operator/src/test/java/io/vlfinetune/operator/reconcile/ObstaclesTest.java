package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.SchedulingSpec;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.attempt.PodFacts;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What keeps an attempt from starting or from being told about at once, and what the status says meanwhile. */
class ObstaclesTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    /** One machine with the user, without a channel on which trainers could report. */
    private static final OperatorConfiguration EMBEDDED = new OperatorConfiguration(
            Samples.CONFIGURATION.namespaces(), null, "image", true, Duration.ofSeconds(10), null, SECOND);

    private final Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);

    @ParameterizedTest
    @ValueSource(strings = {"digits.v2", "a-name-of-forty-six-characters-is-one-too-long"})
    void givenANameThatLeavesNoRoomForTheNumbersOfAttemptsThenTheRunIsStalled(String name) {
        life.run.getMetadata().setName(name);

        assertThat(life.step().actions()).isEmpty();
        assertThat(life.brief(ConditionType.Stalled)).isEqualTo("True/InvalidSpec");
        assertThat(life.condition(ConditionType.Stalled).message())
                .isEqualTo("metadata.name is '" + name
                        + "': it has at most 45 characters and no dot, since attempts add a number");
    }

    @Test
    void givenAJobThatGetsNoPodThenTheStatusSaysWhereToLook() {
        assertThat(life.step().requeueAfter()).isEqualTo(Duration.ofMinutes(1));
        life.after(Duration.ofMinutes(1)).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.condition(ConditionType.Running).message()).contains("kubectl describe job digits-1");
    }

    @Test
    void givenTheLongestNameThatIsAllowedThenTheRunStarts() {
        life.run.getMetadata().setName("a-name-of-forty-five-characters-is-not-a-fail");
        life.step();

        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
    }

    @Test
    void givenAnnotationsThatWouldKeepThePodFromEverBeingMadeThenTheRunIsStalled() {
        VLFineTuneSpec spec = Samples.spec();
        life.run.setSpec(new VLFineTuneSpec(
                spec.model(),
                spec.data(),
                spec.freeze(),
                spec.training(),
                spec.output(),
                spec.resources(),
                new SchedulingSpec(null, null, null, null, null, null, null, Map.of("note", "x".repeat(65_536))),
                null,
                null));

        assertThat(life.step().actions()).isEmpty();
        assertThat(life.condition(ConditionType.Stalled).message())
                .isEqualTo("spec.scheduling.podAnnotations take 65540 bytes, at most 65536: shorten them");
    }

    @Test
    void givenFileSourcesOnOneMachineWithTheUserThenTheRunStartsAndItsCheckpointsOutliveTheirPod() {
        Life life = new Life(Samples.run(Samples.spec("file:///models/base", null, 3)), EMBEDDED);
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);

        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 30, 40L, null));
        life.step();
        assertThat(life.brief(ConditionType.CheckpointAvailable)).startsWith("True/");

        life.after(SECOND).exits(70, false, null).jobFailed();
        life.after(life.step().requeueAfter()).step();
        assertThat(life.status().attempt()).isEqualTo(2);
        assertThat(life.status().checkpoint().step()).isEqualTo(40);
    }

    @Test
    void givenTrainersThatCannotReportThenAPodThatOnlyWaitsDoesNotCountAsRunning() {
        Life life = new Life(Samples.run(Samples.spec()), EMBEDDED);
        life.step();
        life.after(SECOND).step();
        assertThat(life.status().phase()).as("no pod yet").isEqualTo(Phase.Starting);

        life.after(SECOND).waiting("Unschedulable", "0/3 nodes are available").step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.condition(ConditionType.Running).message()).startsWith("Unschedulable");
    }

    @Test
    void givenAnObstacleThatIsNoneOfTheUsualThenItsReasonIsNamedAsKubernetesNamesIt() {
        life.step();
        life.after(SECOND)
                .waiting("CreateContainerConfigError", "secret \"token\" not found")
                .step();

        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.condition(ConditionType.Running).message())
                .isEqualTo(
                        "CreateContainerConfigError: pod digits-1-0-abcde does not start: secret \"token\" not found");
    }

    @Test
    void givenAnObstacleThatKubernetesDoesNotExplainThenTheMessageEndsWithoutAColon() {
        life.step();
        life.after(SECOND).waiting("Unschedulable", "").step();

        assertThat(life.condition(ConditionType.Running).message())
                .isEqualTo("Unschedulable: no node takes pod digits-1-0-abcde");
    }

    @Test
    void givenAFailedRunThatIsChangedWhileItsTrainerIsStillAliveThenTheNewSeriesWaitsForThatPod() {
        life.step();
        life.after(SECOND)
                .exits(11, Samples.failure(1, Reason.DataInvalid, "line 3"))
                .jobFailed("PodFailurePolicy", "");
        life.step();
        assertThat(life.status().phase()).isEqualTo(Phase.Failed);

        life.strangers.add(
                new PodFacts("digits-1-0-late", "uid-1", life.now, life.now, false, null, false, false, null, null));
        life.after(SECOND).changeSpec().step();
        assertThat(life.top()).isEqualTo(1);
        assertThat(life.brief(ConditionType.Reconciling)).isEqualTo("True/PodsRunning");
        assertThat(life.condition(ConditionType.Reconciling).message())
                .isEqualTo("attempt 2 waits for pod digits-1-0-late of an earlier attempt to end");

        life.strangers.clear();
        life.after(SECOND).step();
        assertThat(life.status().phase()).isEqualTo(Phase.Starting);
        assertThat(life.attempts.get(2).job().firstAttempt()).isEqualTo(2);
    }

    /** Progress may be copied 15 s after the last write; a complete Job without a last word is looked at again after 2 s. */
    @ParameterizedTest(name = "complete {0} s after the last write: looked at again after {1} s")
    @CsvSource({"1, 2", "14, 1"})
    void givenProgressThatMayNotBeCopiedYetAndALastWordOnItsWayThenTheSoonerOfTheTwoIsWaitedFor(
            long complete, long lookedAtAgain) {
        life.step();
        life.after(SECOND).running().report(Samples.report(1, 1, TrainerState.Training, 50));
        life.step();
        int written = life.writes;

        life.after(Duration.ofSeconds(complete))
                .report(Samples.report(1, 2, TrainerState.Training, 60))
                .exits(0, false, "")
                .jobComplete();
        assertThat(life.step().requeueAfter()).isEqualTo(Duration.ofSeconds(lookedAtAgain));
        assertThat(life.writes).isEqualTo(written);
    }
}
