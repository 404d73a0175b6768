package io.vlfinetune.contract;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.OutputStatus;
import io.vlfinetune.api.ProofStatus;
import org.jspecify.annotations.Nullable;

/**
 * How a trainer ended: JSON of at most {@value #MAX_BYTES} bytes in the pod's termination message, and the same in the
 * progress object, since a deleted pod takes its message with it.
 *
 * @param attempt number of the attempt
 * @param outcome whether it succeeded, failed or was stopped
 * @param reason why it failed
 * @param message the end in a sentence
 * @param step completed optimizer steps
 * @param checkpoint the latest complete checkpoint
 * @param output the trained model
 * @param proof comparison of the frozen tensors with the base model
 * @param logTail last lines of the trainer's log
 */
public record LastWord(
        @JsonPropertyDescription("Number of the attempt.") Integer attempt,

        @JsonPropertyDescription("Whether it succeeded, failed or was stopped.")
        Outcome outcome,

        @JsonPropertyDescription("Why it failed.") @Nullable Reason reason,

        @JsonPropertyDescription("The end in a sentence.") @Size(max = 2048)
        String message,

        @JsonPropertyDescription("Completed optimizer steps.")
        Long step,

        @JsonPropertyDescription("The latest complete checkpoint.") @Nullable
        CheckpointStatus checkpoint,

        @JsonPropertyDescription("The trained model.") @Nullable
        OutputStatus output,

        @JsonPropertyDescription("Comparison of the frozen tensors with the base model.") @Nullable
        ProofStatus proof,

        @JsonPropertyDescription("Last lines of the trainer's log.") @Size(max = 2048) @Nullable
        String logTail) {
    /** What the kubelet keeps of a termination message. */
    public static final int MAX_BYTES = 4096;

    /** The four ways to end. */
    public enum Outcome {
        /** The output is committed and the proof holds. */
        Succeeded,
        /** The freeze plan is resolved, and nothing else was asked for. */
        Planned,
        /** See the reason. */
        Failed,
        /** Told to stop; a checkpoint was written and the run resumes there. */
        Stopped
    }
}
