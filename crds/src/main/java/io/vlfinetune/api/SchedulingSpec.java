package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a pod of this run may go, and what runs in it.
 *
 * @param image trainer image; absent: the one the operator was installed with.
 * @param nodeSelector labels a node must have.
 * @param priorityClassName priority class of the pod.
 */
public record SchedulingSpec(
        @JsonPropertyDescription("Trainer image; absent: the one the operator was installed with.")
        @Size(min = 1, max = 1024)
        @Nullable
        String image,

        @JsonPropertyDescription("Labels a node must have.") Map<String, String> nodeSelector,

        @JsonPropertyDescription("Priority class of the pod.") @Size(min = 1, max = 253) @Nullable
        String priorityClassName) {
    /** No wishes. */
    public static final SchedulingSpec ANYWHERE = new SchedulingSpec(null, Map.of(), null);

    /** Puts an empty map in the place of an absent one. */
    public SchedulingSpec {
        nodeSelector = Map.copyOf(Objects.requireNonNullElse(nodeSelector, Map.of()));
    }
}
