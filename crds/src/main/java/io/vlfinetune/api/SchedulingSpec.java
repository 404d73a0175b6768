package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a pod of this run may go, and what runs in it.
 *
 * @param queue Kueue LocalQueue of this namespace that admits the attempts.
 * @param image trainer image; absent: the one the operator was installed with.
 * @param nodeSelector labels a node must have.
 * @param tolerations taints that pods of this run tolerate.
 * @param priorityClassName priority class of the pod.
 * @param serviceAccountName service account of the pod, such as one with a cloud identity for buckets; absent: the one
 *     that the operator makes for trainers.
 * @param podLabels further labels of the pod.
 * @param podAnnotations further annotations of the pod.
 */
@ValidationRule(
        value =
                "!has(self.podLabels) || self.podLabels.all(key, !key.startsWith('vlfinetune.io/') && key != 'app.kubernetes.io/managed-by')",
        message = "podLabels: labels of vlfinetune.io and app.kubernetes.io/managed-by are the operator's own")
@ValidationRule(
        value = "!has(self.podAnnotations) || self.podAnnotations.all(key, !key.startsWith('vlfinetune.io/'))",
        message = "podAnnotations: annotations of vlfinetune.io are the operator's own")
public record SchedulingSpec(
        @JsonPropertyDescription("Kueue LocalQueue of this namespace that admits the attempts.")
        @Size(min = 1, max = 63)
        @Pattern(Patterns.LABEL)
        @Nullable
        String queue,

        @JsonPropertyDescription("Trainer image; absent: the one the operator was installed with.")
        @Size(min = 1, max = 1024)
        @Nullable
        String image,

        @JsonPropertyDescription("Labels a node must have.") Map<String, String> nodeSelector,

        @JsonPropertyDescription("Taints that pods of this run tolerate.") @Size(max = 32)
        List<TolerationSpec> tolerations,

        @JsonPropertyDescription("Priority class of the pod.") @Size(min = 1, max = 253) @Nullable
        String priorityClassName,

        @JsonPropertyDescription(
                "Service account of the pod, such as one with a cloud identity for buckets; absent: the one that the operator makes for trainers.")
        @Size(min = 1, max = 253)
        @Nullable
        String serviceAccountName,

        @JsonPropertyDescription("Further labels of the pod.") @Size(max = 64)
        Map<String, String> podLabels,

        @JsonPropertyDescription("Further annotations of the pod.") @Size(max = 64)
        Map<String, String> podAnnotations) {
    /** No wishes. */
    public static final SchedulingSpec ANYWHERE =
            new SchedulingSpec(null, null, Map.of(), List.of(), null, null, Map.of(), Map.of());

    /** Puts empty collections in the place of absent ones. */
    public SchedulingSpec {
        nodeSelector = Map.copyOf(Objects.requireNonNullElse(nodeSelector, Map.of()));
        tolerations = List.copyOf(Objects.requireNonNullElse(tolerations, List.of()));
        podLabels = Map.copyOf(Objects.requireNonNullElse(podLabels, Map.of()));
        podAnnotations = Map.copyOf(Objects.requireNonNullElse(podAnnotations, Map.of()));
    }
}
