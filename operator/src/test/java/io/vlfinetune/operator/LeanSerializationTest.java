package io.vlfinetune.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.junit.jupiter.api.Test;

class LeanSerializationTest {
    @Test
    void givenAPodWithManagedFieldsWhenReadThenTheyAreLeftOutAndAllElseIsThere() {
        KubernetesSerialization serialization = LeanSerialization.create();

        Pod pod = serialization.unmarshal("""
                {"apiVersion": "v1", "kind": "Pod",
                 "metadata": {"name": "digits-1-0-abcde", "resourceVersion": "7", "labels": {"a": "b"},
                   "creationTimestamp": "2026-01-01T00:00:00Z",
                   "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:status": {}}}]},
                 "status": {"phase": "Running"}}
                """, Pod.class);

        assertThat(pod.getMetadata().getManagedFields()).isEmpty();
        assertThat(pod.getMetadata().getAdditionalProperties()).isEmpty();
        assertThat(pod.getMetadata().getName()).isEqualTo("digits-1-0-abcde");
        assertThat(pod.getMetadata().getResourceVersion()).isEqualTo("7");
        assertThat(pod.getMetadata().getLabels()).containsEntry("a", "b");
        assertThat(pod.getMetadata().getCreationTimestamp()).isEqualTo("2026-01-01T00:00:00Z");
        assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
    }
}
