package io.vlfinetune.e2e.faults;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.contract.ProgressReport;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes what Job controller, kubelet and trainer write, in their order. */
final class NodeWrites {
    private static final PatchContext MERGE = PatchContext.of(PatchType.JSON_MERGE);

    private final KubernetesClient client;

    NodeWrites(KubernetesClient client) {
        this.client = client;
    }

    /** The pod of a Job's only index. */
    Pod createPod(Job job, String suffix) {
        Map<String, String> labels =
                new HashMap<>(job.getSpec().getTemplate().getMetadata().getLabels());
        labels.put("batch.kubernetes.io/job-name", job.getMetadata().getName());
        labels.put("batch.kubernetes.io/job-completion-index", "0");
        return client.resource(new PodBuilder()
                        .withNewMetadata()
                        .withName(job.getMetadata().getName() + "-0-" + suffix)
                        .withNamespace(job.getMetadata().getNamespace())
                        .withLabels(labels)
                        .withAnnotations(
                                job.getSpec().getTemplate().getMetadata().getAnnotations())
                        .addNewOwnerReference()
                        .withApiVersion("batch/v1")
                        .withKind("Job")
                        .withName(job.getMetadata().getName())
                        .withUid(job.getMetadata().getUid())
                        .withController(true)
                        .withBlockOwnerDeletion(true)
                        .endOwnerReference()
                        .endMetadata()
                        .withSpec(job.getSpec().getTemplate().getSpec())
                        .build())
                .create();
    }

    void jobActive(Job job) {
        job(job, Map.of("startTime", now(), "active", 1, "ready", 0, "terminating", 0));
    }

    /** First the verdict, then the end. */
    void jobEnded(Job job, boolean succeeded, String reason, String message) {
        Map<String, Object> verdict = condition(succeeded ? "SuccessCriteriaMet" : "FailureTarget", reason, message);
        job(job, Map.of("active", 0, "ready", 0, "conditions", List.of(verdict)));
        Map<String, Object> end = new HashMap<>();
        end.put("conditions", List.of(verdict, condition(succeeded ? "Complete" : "Failed", reason, message)));
        if (succeeded) {
            end.putAll(Map.of("succeeded", 1, "completedIndexes", "0", "completionTime", now()));
        } else {
            end.put("failed", 1);
        }
        job(job, end);
    }

    private static Map<String, Object> condition(String type, String reason, String message) {
        return Map.of(
                "type", type, "status", "True", "reason", reason, "message", message, "lastTransitionTime", now());
    }

    private void job(Job job, Map<String, Object> status) {
        client.batch()
                .v1()
                .jobs()
                .inNamespace(job.getMetadata().getNamespace())
                .withName(job.getMetadata().getName())
                .subresource("status")
                .patch(MERGE, Serialization.asJson(Map.of("status", status)));
    }

    void podRunning(Pod pod) {
        pod(pod, "Running", Map.of("running", Map.of("startedAt", now())), List.of());
    }

    void podEnded(Pod pod, int exitCode, String message, boolean disrupted) {
        Map<String, Object> end = Map.of(
                "exitCode",
                exitCode,
                "reason",
                exitCode == 0 ? "Completed" : "Error",
                "message",
                message,
                "startedAt",
                now(),
                "finishedAt",
                now());
        pod(
                pod,
                exitCode == 0 ? "Succeeded" : "Failed",
                Map.of("terminated", end),
                disrupted ? List.of(disruption()) : List.of());
    }

    private static Map<String, Object> disruption() {
        return Map.of(
                "type",
                "DisruptionTarget",
                "status",
                "True",
                "reason",
                "PreemptionByScheduler",
                "message",
                "preempted by a pod that matters more",
                "lastTransitionTime",
                now());
    }

    private void pod(Pod pod, String phase, Map<String, Object> state, List<Map<String, Object>> conditions) {
        List<Map<String, Object>> all = new ArrayList<>(conditions);
        all.add(Map.of("type", "PodScheduled", "status", "True", "lastTransitionTime", now()));
        Map<String, Object> container = Map.of(
                "name",
                "trainer",
                "image",
                "trainer:local",
                "imageID",
                "",
                "restartCount",
                0,
                "ready",
                phase.equals("Running"),
                "state",
                state);
        client.pods()
                .inNamespace(pod.getMetadata().getNamespace())
                .withName(pod.getMetadata().getName())
                .subresource("status")
                .patch(
                        MERGE,
                        Serialization.asJson(Map.of(
                                "status",
                                Map.of(
                                        "phase",
                                        phase,
                                        "startTime",
                                        now(),
                                        "conditions",
                                        all,
                                        "containerStatuses",
                                        List.of(container)))));
    }

    void removePod(Pod pod) {
        client.resource(pod).withGracePeriod(0).delete();
    }

    /** A Job that is being deleted in the foreground goes once its pods are gone. */
    void releaseJob(Job job) {
        try {
            client.batch()
                    .v1()
                    .jobs()
                    .inNamespace(job.getMetadata().getNamespace())
                    .withName(job.getMetadata().getName())
                    .patch(MERGE, "{\"metadata\":{\"finalizers\":null}}");
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
        }
    }

    /** The trainer reports; its object may be gone with the run. */
    void report(Job job, ProgressReport report) {
        try {
            client.resources(VLFineTuneProgress.class)
                    .inNamespace(job.getMetadata().getNamespace())
                    .withName(job.getMetadata().getName())
                    .patch(MERGE, Serialization.asJson(Map.of("report", report)));
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
        }
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
