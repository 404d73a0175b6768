package io.vlfinetune.operator.cluster;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.operator.attempt.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/** Kubelet, Job controller and trainer in one; each does something only when the test says so. */
public final class ScriptedNode {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final PatchContext MERGE = PatchContext.of(PatchType.JSON_MERGE);

    private final KubernetesClient client;

    /** A node that writes with this client. */
    public ScriptedNode(KubernetesClient client) {
        this.client = client;
    }

    /** Waits for a Job and makes its pod run. */
    public Pod start(String jobName) {
        Job job = await().atMost(PATIENCE)
                .until(() -> client.batch().v1().jobs().withName(jobName).get(), found -> found != null);
        Pod pod = new PodBuilder()
                .withNewMetadata()
                .withName(jobName + "-0-abcde")
                .withLabels(job.getSpec().getTemplate().getMetadata().getLabels())
                .addNewOwnerReference()
                .withApiVersion("batch/v1")
                .withKind("Job")
                .withName(jobName)
                .withUid(job.getMetadata().getUid())
                .withController(true)
                .endOwnerReference()
                .endMetadata()
                .withSpec(job.getSpec().getTemplate().getSpec())
                .withStatus(status(
                        "Running",
                        new ContainerStateBuilder()
                                .withNewRunning()
                                .endRunning()
                                .build()))
                .build();
        return client.resource(pod).create();
    }

    /** The trainer reports. */
    public void report(String jobName, ProgressReport report) {
        ObjectNode said = Json.strict().valueToTree(report);
        said.put("time", Instant.now().toString());
        client.resources(VLFineTuneProgress.class)
                .withName(jobName)
                .patch(MERGE, Serialization.asJson(Map.of("report", said)));
    }

    /** The trainer exits and its Job ends. */
    public void exit(Pod pod, int code, String message, String jobReason) {
        ContainerState end = new ContainerStateBuilder()
                .withNewTerminated()
                .withExitCode(code)
                .withReason(code == 0 ? "Completed" : "Error")
                .withMessage(message)
                .endTerminated()
                .build();
        client.pods()
                .withName(pod.getMetadata().getName())
                .subresource("status")
                .patch(MERGE, Serialization.asJson(Map.of("status", status(code == 0 ? "Succeeded" : "Failed", end))));
        String job = pod.getMetadata().getOwnerReferences().getFirst().getName();
        Map<String, Object> condition = Map.of(
                "type",
                code == 0 ? "Complete" : "Failed",
                "status",
                "True",
                "reason",
                jobReason,
                "message",
                "",
                "lastTransitionTime",
                Times.format(Instant.now()));
        client.batch()
                .v1()
                .jobs()
                .withName(job)
                .subresource("status")
                .patch(MERGE, Serialization.asJson(Map.of("status", Map.of("conditions", new Object[] {condition}))));
    }

    /** The pod is gone. */
    public void remove(Pod pod) {
        client.pods().withName(pod.getMetadata().getName()).delete();
    }

    private static PodStatus status(String phase, ContainerState state) {
        return new PodStatusBuilder()
                .withPhase(phase)
                .addNewContainerStatus()
                .withName("trainer")
                .withImage("image")
                .withState(state)
                .endContainerStatus()
                .build();
    }
}
