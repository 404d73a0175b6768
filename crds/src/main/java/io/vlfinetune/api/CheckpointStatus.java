package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;

/**
 * A complete checkpoint.
 *
 * @param step completed steps in it.
 * @param uri where it lies.
 * @param time when it was completed.
 */
public record CheckpointStatus(
        @JsonPropertyDescription("Completed steps in it.") Long step,

        @JsonPropertyDescription("Where it lies.") @Size(max = 1024)
        String uri,

        @JsonPropertyDescription("When it was completed.") @Size(max = 64)
        String time) {}
