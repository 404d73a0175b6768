package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/**
 * How far the run has come.
 *
 * @param percent completed steps in percent; 100 only after the output is committed.
 * @param step completed optimizer steps.
 * @param totalSteps optimizer steps of the whole run.
 * @param epoch passes over the training data.
 * @param loss training loss of the latest step.
 * @param learningRate learning rate of the latest step.
 * @param samplesPerSecond training samples a second.
 * @param tokensPerSecond training tokens a second, image tokens included.
 * @param etaSeconds estimated seconds to the last step.
 * @param peakMemoryBytes largest resident memory of the trainer.
 */
public record ProgressStatus(
        @JsonPropertyDescription("Completed steps in percent; 100 only after the output is committed.")
        Integer percent,

        @JsonPropertyDescription("Completed optimizer steps.")
        Long step,

        @JsonPropertyDescription("Optimizer steps of the whole run.")
        Long totalSteps,

        @JsonPropertyDescription("Passes over the training data.") @Size(max = 32) @Nullable
        String epoch,

        @JsonPropertyDescription("Training loss of the latest step.") @Size(max = 32) @Nullable
        String loss,

        @JsonPropertyDescription("Learning rate of the latest step.") @Size(max = 32) @Nullable
        String learningRate,

        @JsonPropertyDescription("Training samples a second.") @Size(max = 32) @Nullable
        String samplesPerSecond,

        @JsonPropertyDescription("Training tokens a second, image tokens included.") @Size(max = 32) @Nullable
        String tokensPerSecond,

        @JsonPropertyDescription("Estimated seconds to the last step.") @Nullable
        Long etaSeconds,

        @JsonPropertyDescription("Largest resident memory of the trainer.") @Nullable
        Long peakMemoryBytes) {}
