package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a pod of this run needs.
 *
 * @param gpus GPUs of the pod; 0 trains on the CPU.
 * @param gpuResource name under which nodes offer GPUs.
 * @param cpu CPU request, such as "8" or "500m"; threads follow it.
 * @param memory memory request and limit, such as 64Gi.
 * @param scratch where checkpoints live. Absent: with the pod, and a replaced pod starts over.
 */
public record ResourcesSpec(
        @JsonPropertyDescription("GPUs of the pod; 0 trains on the CPU.") @Default("1") @Min(0) @Max(1)
        Integer gpus,

        @JsonPropertyDescription("Name under which nodes offer GPUs.")
        @Default("nvidia.com/gpu")
        @Size(min = 1, max = 253)
        String gpuResource,

        @JsonPropertyDescription("CPU request, such as \"8\" or \"500m\"; threads follow it.")
        @Size(max = 32)
        @Pattern(Patterns.QUANTITY)
        @Nullable
        String cpu,

        @JsonPropertyDescription("Memory request and limit, such as 64Gi.")
        @Size(max = 32)
        @Pattern(Patterns.QUANTITY)
        @Nullable
        String memory,

        @JsonPropertyDescription("Where checkpoints live. Absent: with the pod, and a replaced pod starts over.")
        @Nullable
        ScratchSpec scratch) {
    /** One GPU and what the namespace gives. */
    public static final ResourcesSpec DEFAULT = new ResourcesSpec(1, "nvidia.com/gpu", null, null, null);

    /** Puts the defaults in the place of absent fields. */
    public ResourcesSpec {
        gpus = Objects.requireNonNullElse(gpus, 1);
        gpuResource = Objects.requireNonNullElse(gpuResource, "nvidia.com/gpu");
    }
}
