package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/**
 * One attempt.
 *
 * @param number number of the attempt, from 1.
 * @param startTime when its Job was made.
 * @param endTime when it ended.
 * @param reason how it ended.
 * @param resumedFromStep step of the checkpoint it resumed from.
 * @param pod the pod that worked on it last; another one before it was preempted or evicted.
 */
public record AttemptStatus(
        @JsonPropertyDescription("Number of the attempt, from 1.")
        Integer number,

        @JsonPropertyDescription("When its Job was made.") @Size(max = 64) @Nullable
        String startTime,

        @JsonPropertyDescription("When it ended.") @Size(max = 64) @Nullable
        String endTime,

        @JsonPropertyDescription("How it ended.") @Size(max = 64) @Nullable
        String reason,

        @JsonPropertyDescription("Step of the checkpoint it resumed from.") @Nullable
        Long resumedFromStep,

        @JsonPropertyDescription("The pod that worked on it last.") @Size(max = 253) @Nullable
        String pod) {}
