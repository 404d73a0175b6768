package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Objects;

/**
 * The resolved freeze plan.
 *
 * @param digest SHA-256 of the plan; equal plans have equal digests.
 * @param totalParameters parameters of the model.
 * @param trainableParameters parameters that are trained.
 * @param trainablePercent the share of the latter, in percent with two decimals.
 * @param parts the plan part by part.
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
        List<PartStatus> parts) {
    /** Keeps a copy of the parts. */
    public PlanStatus {
        parts = List.copyOf(Objects.requireNonNullElse(parts, List.of()));
    }
}
