package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/**
 * A complete checkpoint.
 *
 * @param step completed steps in it.
 * @param uri where it lies.
 * @param time when it was completed.
 * @param seconds how long it took to write, rounded up; null: not measured. The next pod gets a grace period by it.
 */
public record CheckpointStatus(
        @JsonPropertyDescription("Completed steps in it.") Long step,

        @JsonPropertyDescription("Where it lies.") @Size(max = 1024)
        String uri,

        @JsonPropertyDescription("When it was completed.") @Size(max = 64)
        String time,

        @JsonPropertyDescription("How many seconds it took to write, rounded up.") @Nullable @Min(0)
        Long seconds) {}
