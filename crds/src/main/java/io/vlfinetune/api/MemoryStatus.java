package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/**
 * Estimated peak memory of a phase in bytes.
 *
 * @param process the process without model and data.
 * @param weights all weights, and Float32 masters of what is trained.
 * @param gradients gradients of what is trained.
 * @param optimizer AdamW's two averages of what is trained.
 * @param activations what is kept and made on the way for the largest batch.
 * @param total the peak: less than the sum where two of them are never there at once.
 */
public record MemoryStatus(
        @JsonPropertyDescription("The process without model and data.")
        Long process,

        @JsonPropertyDescription("All weights, and Float32 masters of what is trained.")
        Long weights,

        @JsonPropertyDescription("Gradients of what is trained.")
        Long gradients,

        @JsonPropertyDescription("AdamW's two averages of what is trained.")
        Long optimizer,

        @JsonPropertyDescription("What is kept and made on the way for the largest batch.")
        Long activations,

        @JsonPropertyDescription("The peak: less than the sum where two of them are never there at once.")
        Long total) {}
