package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/**
 * Why the latest attempt failed.
 *
 * @param reason one word for the cause.
 * @param exitCode exit code of the trainer.
 * @param oomKilled whether the kernel ended it for want of memory.
 * @param pod the pod.
 * @param message the cause in a sentence.
 * @param logTail the last lines of the trainer's log.
 */
public record FailureStatus(
        @JsonPropertyDescription("One word for the cause.") @Size(max = 64)
        String reason,

        @JsonPropertyDescription("Exit code of the trainer.") @Nullable
        Integer exitCode,

        @JsonPropertyDescription("Whether the kernel ended it for want of memory.") @Nullable
        Boolean oomKilled,

        @JsonPropertyDescription("The pod.") @Size(max = 253) @Nullable
        String pod,

        @JsonPropertyDescription("The cause in a sentence.") @Size(max = 4096)
        String message,

        @JsonPropertyDescription("The last lines of the trainer's log.") @Size(max = 2048) @Nullable
        String logTail) {}
