package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;

/**
 * The trained model.
 *
 * @param uri where it lies.
 * @param digest SHA-256 of the weights.
 * @param bytes size of the weights in bytes.
 */
public record OutputStatus(
        @JsonPropertyDescription("Where it lies.") @Size(max = 1024)
        String uri,

        @JsonPropertyDescription("SHA-256 of the weights.") @Size(max = 80)
        String digest,

        @JsonPropertyDescription("Size of the weights in bytes.")
        Long bytes) {}
