package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The resolved freeze plan.
 *
 * @param digest SHA-256 of the plan; equal plans have equal digests.
 * @param totalParameters parameters of the model.
 * @param trainableParameters parameters that are trained.
 * @param trainablePercent the share of the latter, in percent with two decimals.
 * @param parts the plan part by part.
 * @param phase name of the phase that parts and memory are about; absent where the plan is the same over the whole run.
 * @param memoryBytes estimated peak memory of the phase.
 * @param prefixCache what is stored of frozen layers in the phase, or why nothing is; decided when it begins.
 */
public record PlanStatus(
        @JsonPropertyDescription("SHA-256 of the plan; equal plans have equal digests.") @Size(max = 80)
        String digest,

        @JsonPropertyDescription("Parameters of the model.") Long totalParameters,

        @JsonPropertyDescription("Parameters that are trained.")
        Long trainableParameters,

        @JsonPropertyDescription("The share of the latter, in percent with two decimals.") @Size(max = 16)
        String trainablePercent,

        @JsonPropertyDescription("The plan part by part.") @Size(max = 8)
        List<PartStatus> parts,

        @JsonPropertyDescription(
                "Name of the phase that parts and memory are about. Absent where the plan is the same over the whole run.")
        @Size(max = 64)
        @Nullable
        String phase,

        @JsonPropertyDescription("Estimated peak memory of the phase in bytes.") @Nullable
        MemoryStatus memoryBytes,

        @JsonPropertyDescription(
                "What is stored of frozen layers in the phase, or why nothing is. Decided when it begins.")
        @Size(max = 256)
        @Nullable
        String prefixCache) {
    /** Keeps a copy of the parts. */
    public PlanStatus {
        parts = List.copyOf(Objects.requireNonNullElse(parts, List.of()));
    }

    /** A plan that is the same over the whole run, without an estimate. */
    public PlanStatus(
            String digest,
            Long totalParameters,
            Long trainableParameters,
            String trainablePercent,
            List<PartStatus> parts) {
        this(digest, totalParameters, trainableParameters, trainablePercent, parts, null, null, null);
    }
}
