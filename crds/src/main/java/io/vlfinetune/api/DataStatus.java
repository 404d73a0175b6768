package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/**
 * The data as the trainer found it.
 *
 * @param samples training samples.
 */
public record DataStatus(
        @JsonPropertyDescription("Training samples.") Integer samples) {}
