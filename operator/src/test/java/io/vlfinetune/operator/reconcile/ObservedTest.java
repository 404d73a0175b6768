package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.AttemptJob;
import io.vlfinetune.operator.attempt.Children;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.attempt.StopGrace;
import io.vlfinetune.operator.progress.ProgressObject;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which Jobs, pods and progress objects belong to which attempt. */
class ObservedTest {
    private final VLFineTune run = Samples.run(Samples.spec());

    @Test
    void givenJobsPodsAndProgressThenEachAttemptHasItsOwnInOrderOfNumbers() {
        VLFineTuneProgress progress = ProgressObject.of(run, 2, 1);
        progress.setReport(Samples.report(2, 1, TrainerState.Training, 10));

        Observed observed = Observed.of(
                run,
                List.of(job(2, "uid-2"), job(1, "uid-1")),
                List.of(pod("digits-2-0-a", 2, "uid-2", "Running"), pod("digits-1-0-a", 1, "uid-1", "Failed")),
                List.of(progress),
                _ -> null,
                null);

        assertThat(observed.attempts()).extracting(AttemptFacts::number).containsExactly(1, 2);
        assertThat(observed.top()).isEqualTo(2);
        assertThat(pods(observed, 1)).containsExactly("digits-1-0-a");
        assertThat(pods(observed, 2)).containsExactly("digits-2-0-a");
        assertThat(observed.attempt(1).orElseThrow().report()).isNull();
        assertThat(observed.attempt(2).orElseThrow().report().attempt()).isEqualTo(2);
        assertThat(observed.livePods()).extracting(PodFacts::name).containsExactly("digits-2-0-a");
    }

    @Test
    void givenAnEarlierRunOfTheSameNameThenWhatIsLeftOfItIsSeenApart() {
        VLFineTune earlier = Samples.run(Samples.spec());
        earlier.getMetadata().setUid("an earlier run");

        Observed observed = Observed.of(
                run,
                List.of(job(1, "uid-1"), job(earlier, 2, "old")),
                List.of(pod("digits-1-0-old", 1, "old", "Running"), pod("digits-1-0-new", 1, "uid-1", "Running")),
                List.of(ProgressObject.of(earlier, 2, 1)),
                _ -> null,
                null);

        assertThat(observed.attempts())
                .extracting(AttemptFacts::job)
                .extracting(JobFacts::uid)
                .containsExactly("uid-1");
        assertThat(pods(observed, 1))
                .as("the pod of the other Job is not its own")
                .containsExactly("digits-1-0-new");
        assertThat(observed.livePods())
                .extracting(PodFacts::name)
                .containsExactlyInAnyOrder("digits-1-0-old", "digits-1-0-new");
        assertThat(observed.leftovers()).containsExactly("Job digits-2", "VLFineTuneProgress digits-2");
    }

    @Test
    void givenAJobThatIsGoneThenPodsAreItsByTheNumberTheyCarry() {
        Observed observed = Observed.of(
                run,
                List.of(),
                List.of(pod("digits-1-0-a", 1, "gone", "Running"), pod("digits-2-0-a", 2, "gone too", "Running")),
                List.of(ProgressObject.of(run, 1, 1)),
                _ -> null,
                null);

        assertThat(observed.attempt(1).orElseThrow().job()).isNull();
        assertThat(pods(observed, 1)).containsExactly("digits-1-0-a");
        assertThat(observed.attempt(2)).as("a pod alone makes no attempt").isEmpty();
        assertThat(observed.livePods()).hasSize(2);
    }

    private static List<String> pods(Observed observed, int attempt) {
        return observed.attempt(attempt).orElseThrow().pods().stream()
                .map(PodFacts::name)
                .toList();
    }

    private Job job(int attempt, String uid) {
        return job(run, attempt, uid);
    }

    private static Job job(VLFineTune owner, int attempt, String uid) {
        return new JobBuilder(AttemptJob.of(owner, attempt, 1, StopGrace.USUAL, Samples.CONFIGURATION))
                .editMetadata()
                .withUid(uid)
                .endMetadata()
                .build();
    }

    private Pod pod(String name, int attempt, String jobUid, String phase) {
        return new PodBuilder()
                .withMetadata(new ObjectMetaBuilder()
                        .withName(name)
                        .withLabels(Children.labels(run, attempt))
                        .addNewOwnerReference()
                        .withKind("Job")
                        .withUid(jobUid)
                        .endOwnerReference()
                        .build())
                .withNewStatus()
                .withPhase(phase)
                .endStatus()
                .build();
    }
}
