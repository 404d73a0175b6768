package io.vlfinetune.contract;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.DataStatus;
import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.ModelStatus;
import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.api.ProgressStatus;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the trainer says while it works; it patches this into its own progress object.
 *
 * @param attempt number of the attempt
 * @param sequence number of the report, ever rising within a progress object
 * @param time when the report was made
 * @param state what the trainer is doing
 * @param resumedFromStep step of the checkpoint this attempt resumed from
 * @param model the base model as the trainer found it
 * @param data the data as the trainer found it
 * @param plan the resolved freeze plan
 * @param progress how far training has come
 * @param metrics evaluation metrics
 * @param checkpoint the latest complete checkpoint
 * @param lastWord how the trainer ended
 */
@ValidationRule(
        value =
                "self.attempt >= oldSelf.attempt && (self.attempt > oldSelf.attempt || self.sequence >= oldSelf.sequence)",
        message = "a report never goes back: attempt and sequence only rise")
public record ProgressReport(
        @JsonPropertyDescription("Number of the attempt.") @Required @Min(1)
        Integer attempt,

        @JsonPropertyDescription("Number of the report, ever rising within a progress object.") @Required @Min(0)
        Long sequence,

        @JsonPropertyDescription("When the report was made.") @Size(max = 64)
        String time,

        @JsonPropertyDescription("What the trainer is doing.")
        TrainerState state,

        @JsonPropertyDescription("Step of the checkpoint this attempt resumed from.") @Nullable
        Long resumedFromStep,

        @JsonPropertyDescription("The base model as the trainer found it.") @Nullable
        ModelStatus model,

        @JsonPropertyDescription("The data as the trainer found it.") @Nullable
        DataStatus data,

        @JsonPropertyDescription("The resolved freeze plan.") @Nullable
        PlanStatus plan,

        @JsonPropertyDescription("How far training has come.") @Nullable
        ProgressStatus progress,

        @JsonPropertyDescription("Evaluation metrics.") @Size(max = 32)
        List<MetricStatus> metrics,

        @JsonPropertyDescription("The latest complete checkpoint.") @Nullable
        CheckpointStatus checkpoint,

        @JsonPropertyDescription("How the trainer ended.") @Nullable
        LastWord lastWord) {
    /** Puts an empty list in the place of an absent one. */
    public ProgressReport {
        metrics = List.copyOf(Objects.requireNonNullElse(metrics, List.of()));
    }
}
