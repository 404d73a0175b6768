package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobConditionBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** Writes the status of Jobs and Pods in the order in which Job controller and kubelet do; a server refuses any other. */
final class StatusWriter {
    private static final PatchContext MERGE = PatchContext.of(PatchType.JSON_MERGE);

    private final KubernetesClient client;
    private final Clock clock;

    StatusWriter(KubernetesClient client, Clock clock) {
        this.client = client;
        this.clock = clock;
    }

    String now() {
        return Instant.now(clock).truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** The Job was taken up: it has a pod. */
    void jobStarted(Job job) {
        write(
                job,
                new JobStatusBuilder()
                        .withStartTime(now())
                        .withActive(1)
                        .withReady(0)
                        .withTerminating(0)
                        .build());
    }

    /** Its pod runs. */
    void jobReady(Job job) {
        write(job, new JobStatusBuilder().withReady(1).build());
    }

    /** First the verdict, then, once no pod is left running, the end (KEP-3998, KEP-3329). */
    void jobEnded(Job job, JobOutcome outcome) {
        String verdict = outcome.succeeded() ? "SuccessCriteriaMet" : "FailureTarget";
        JobCondition first = condition(verdict, outcome);
        write(
                job,
                new JobStatusBuilder()
                        .withActive(0)
                        .withReady(0)
                        .withConditions(first)
                        .build());
        JobStatusBuilder end = new JobStatusBuilder()
                .withConditions(first, condition(outcome.succeeded() ? "Complete" : "Failed", outcome));
        if (outcome.succeeded()) {
            end.withSucceeded(1).withCompletedIndexes("0").withCompletionTime(now());
        } else {
            end.withFailed(1);
        }
        write(job, end.build());
    }

    private JobCondition condition(String type, JobOutcome outcome) {
        String now = now();
        return new JobConditionBuilder()
                .withType(type)
                .withStatus("True")
                .withReason(outcome.reason())
                .withMessage(outcome.message())
                .withLastProbeTime(now)
                .withLastTransitionTime(now)
                .build();
    }

    private void write(Job job, JobStatus status) {
        String patch = Serialization.asJson(new JobBuilder().withStatus(status).build());
        client.batch()
                .v1()
                .jobs()
                .inNamespace(job.getMetadata().getNamespace())
                .withName(job.getMetadata().getName())
                .subresource("status")
                .patch(MERGE, patch);
    }

    /** The pod waits for room. */
    void podUnschedulable(Pod pod, String obstacle) {
        PodCondition condition = condition("PodScheduled", "False");
        condition.setReason("Unschedulable");
        condition.setMessage(obstacle);
        write(
                pod,
                new PodStatusBuilder()
                        .withPhase("Pending")
                        .withConditions(condition)
                        .build());
    }

    /** The pod's container runs. */
    String podRunning(Pod pod) {
        String started = now();
        ContainerState state = new ContainerStateBuilder()
                .withNewRunning()
                .withStartedAt(started)
                .endRunning()
                .build();
        PodStatus status = status(pod, "Running", state, true).toBuilder()
                .withStartTime(started)
                .build();
        write(pod, status);
        return started;
    }

    /** The pod's container ended. */
    void podEnded(Pod pod, String started, TrainerProcess.Ended ended) {
        ContainerState state = new ContainerStateBuilder()
                .withNewTerminated()
                .withExitCode(ended.exitCode())
                .withReason(ended.reason())
                .withMessage(ended.message())
                .withStartedAt(started)
                .withFinishedAt(now())
                .endTerminated()
                .build();
        write(pod, status(pod, ended.exitCode() == 0 ? "Succeeded" : "Failed", state, false));
    }

    private PodStatus status(Pod pod, String phase, ContainerState state, boolean ready) {
        String name = pod.getSpec().getContainers().getFirst().getName();
        String image = pod.getSpec().getContainers().getFirst().getImage();
        return new PodStatusBuilder()
                .withPhase(phase)
                .withConditions(conditions(pod, ready))
                .withContainerStatuses(new ContainerStatusBuilder()
                        .withName(name)
                        .withImage(image)
                        .withImageID("")
                        .withRestartCount(0)
                        .withReady(ready)
                        .withStarted(ready)
                        .withState(state)
                        .build())
                .build();
    }

    /** A merge-patch replaces lists: what others said of the pod, such as DisruptionTarget, has to be said again. */
    private List<PodCondition> conditions(Pod pod, boolean ready) {
        List<PodCondition> conditions = new ArrayList<>(List.of(
                condition("PodScheduled", "True"),
                condition("Initialized", "True"),
                condition("ContainersReady", ready ? "True" : "False"),
                condition("Ready", ready ? "True" : "False")));
        if (pod.getStatus() != null) {
            pod.getStatus().getConditions().stream()
                    .filter(other ->
                            conditions.stream().noneMatch(own -> own.getType().equals(other.getType())))
                    .forEach(conditions::add);
        }
        return conditions;
    }

    private PodCondition condition(String type, String status) {
        return new PodConditionBuilder()
                .withType(type)
                .withStatus(status)
                .withLastTransitionTime(now())
                .build();
    }

    private void write(Pod pod, PodStatus status) {
        String patch = Serialization.asJson(new PodBuilder().withStatus(status).build());
        client.pods()
                .inNamespace(pod.getMetadata().getNamespace())
                .withName(pod.getMetadata().getName())
                .subresource("status")
                .patch(MERGE, patch);
    }

    /** Sets the finalizers of a Job. */
    void finalizers(Job job, List<String> finalizers) {
        String patch = "{\"metadata\":{\"finalizers\":" + Serialization.asJson(finalizers) + "}}";
        client.batch()
                .v1()
                .jobs()
                .inNamespace(job.getMetadata().getNamespace())
                .withName(job.getMetadata().getName())
                .patch(MERGE, patch);
    }
}
