package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;

/**
 * The base model as the trainer found it.
 *
 * @param family model family.
 * @param digest SHA-256 of the weights.
 */
public record ModelStatus(
        @JsonPropertyDescription("Model family.") @Size(max = 64)
        String family,

        @JsonPropertyDescription("SHA-256 of the weights.") @Size(max = 80)
        String digest) {}
