package io.vlfinetune.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.WatchEvent;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.operator.attempt.AttemptJob;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.attempt.StopGrace;
import org.junit.jupiter.api.Test;

class LeanSerializationTest {
    private final KubernetesSerialization serialization = LeanSerialization.create();

    @Test
    void givenAPodWhenReadThenWhatNobodyAsksForIsLeftOutAndAllElseIsThere() {
        Pod pod = serialization.unmarshal("""
                {"apiVersion": "v1", "kind": "Pod",
                 "metadata": {"name": "digits-1-0-abcde", "resourceVersion": "7", "labels": {"a": "b"},
                   "annotations": {"vlfinetune.io/run.json": "{}", "c": "d"},
                   "creationTimestamp": "2026-01-01T00:00:00Z",
                   "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:status": {}}}]},
                 "spec": {"containers": [{"name": "trainer"}]},
                 "status": {"phase": "Running", "podIP": "10.0.0.1",
                   "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": null}],
                   "containerStatuses": [{"name": "trainer", "image": "trainer:1", "imageID": "sha256:1",
                     "state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}}]}}
                """, Pod.class);

        assertThat(pod.getMetadata().getManagedFields()).isEmpty();
        assertThat(pod.getMetadata().getAdditionalProperties()).isEmpty();
        assertThat(pod.getMetadata().getAnnotations()).hasSize(1).containsEntry("c", "d");
        assertThat(pod.getSpec()).isNull();
        assertThat(pod.getAdditionalProperties()).isEmpty();
        assertThat(pod.getMetadata().getName()).isEqualTo("digits-1-0-abcde");
        assertThat(pod.getMetadata().getResourceVersion()).isEqualTo("7");
        assertThat(pod.getMetadata().getLabels()).containsEntry("a", "b");
        assertThat(pod.getMetadata().getCreationTimestamp()).isEqualTo("2026-01-01T00:00:00Z");
        assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
        assertThat(pod.getStatus().getPodIP()).isNull();
        assertThat(pod.getStatus().getAdditionalProperties()).isEmpty();
        assertThat(pod.getStatus().getConditions().getFirst().getStatus()).isEqualTo("True");
        assertThat(pod.getStatus().getContainerStatuses().getFirst().getImageID())
                .isNull();
        assertThat(PodFacts.of(pod).waiting())
                .isEqualTo(new PodFacts.Waiting("ErrImagePull", "no such image", "trainer:1"));
    }

    /** Without it a watch that has expired would be asked for again and again, from where it cannot begin. */
    @Test
    void givenEventsOfAWatchThenTheirObjectsAreOfTheirKinds() {
        assertThat(watched("Status", "v1"))
                .isInstanceOfSatisfying(
                        Status.class, status -> assertThat(status.getCode()).isEqualTo(410));
        assertThat(watched("Pod", "v1")).isInstanceOf(Pod.class);
        assertThat(watched("Job", "batch/v1")).isInstanceOf(Job.class);
        assertThat(watched("VLFineTune", "vlfinetune.io/v1alpha1")).isInstanceOf(VLFineTune.class);
        assertThat(watched("VLFineTuneProgress", "vlfinetune.io/v1alpha1")).isInstanceOf(VLFineTuneProgress.class);
        assertThat(watched("Workload", "kueue.x-k8s.io/v1beta1")).isInstanceOf(GenericKubernetesResource.class);
    }

    private Object watched(String kind, String version) {
        String code = kind.equals("Status") ? ", \"code\": 410" : "";
        return serialization
                .unmarshal("""
                        {"type": "ERROR", "object": {"kind": "%s", "apiVersion": "%s", "metadata": {}%s}}
                        """.formatted(kind, version, code), WatchEvent.class)
                .getObject();
    }

    @Test
    void givenAJobThenItIsWrittenWholeAndReadWithoutItsTemplate() {
        Job job = AttemptJob.of(Samples.run(Samples.spec()), 1, 1, StopGrace.USUAL, Samples.CONFIGURATION);

        String text = serialization.asJson(job);
        assertThat(text).contains("run.json", "\"template\"", "\"containers\"", "completionMode");

        Job read = serialization.unmarshal(text, Job.class);
        assertThat(read.getSpec().getTemplate()).isNull();
        assertThat(read.getSpec().getAdditionalProperties()).isEmpty();
        assertThat(read.getSpec().getCompletionMode()).isEqualTo("Indexed");
        assertThat(read.getMetadata().getAnnotations())
                .isEqualTo(job.getMetadata().getAnnotations());
    }
}
