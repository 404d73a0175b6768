package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the operator knows of a run.
 *
 * @param observedGeneration generation of the spec that this status is about.
 * @param phase one word for where the run stands.
 * @param conditions where the run stands, aspect by aspect.
 * @param attempt number of the latest attempt.
 * @param preemptions pods that were preempted or evicted and replaced; none of them counts as an attempt.
 * @param activeSince since when the run is active without a suspension.
 * @param activeSeconds active time before the latest suspension, in seconds.
 * @param honouredRetry token of the latest {@code vlfinetune.io/retry} that was honoured.
 * @param model the base model as the trainer found it.
 * @param data the data as the trainer found it.
 * @param plan the resolved freeze plan.
 * @param progress how far the run has come.
 * @param metrics evaluation metrics.
 * @param checkpoint the latest complete checkpoint.
 * @param proof comparison of every frozen tensor with the base model, byte for byte.
 * @param output the trained model.
 * @param failure the failure of the latest attempt; absent after a successful one.
 * @param attempts the latest five attempts, the newest last.
 */
public record VLFineTuneStatus(
        @JsonPropertyDescription("Generation of the spec that this status is about.") @Nullable
        Long observedGeneration,

        @JsonPropertyDescription("One word for where the run stands.") @Nullable
        Phase phase,

        @JsonPropertyDescription("Where the run stands, aspect by aspect.") @Size(max = 32)
        List<Condition> conditions,

        @JsonPropertyDescription("Number of the latest attempt.") @Nullable
        Integer attempt,

        @JsonPropertyDescription("Pods that were preempted or evicted and replaced; none of them counts as an attempt.")
        @Nullable
        Integer preemptions,

        @JsonPropertyDescription("Since when the run is active without a suspension.") @Size(max = 64) @Nullable
        String activeSince,

        @JsonPropertyDescription("Active time before the latest suspension, in seconds.") @Nullable
        Long activeSeconds,

        @JsonPropertyDescription("Token of the latest vlfinetune.io/retry that was honoured.")
        @Size(max = 253)
        @Nullable
        String honouredRetry,

        @JsonPropertyDescription("The base model as the trainer found it.") @Nullable
        ModelStatus model,

        @JsonPropertyDescription("The data as the trainer found it.") @Nullable
        DataStatus data,

        @JsonPropertyDescription("The resolved freeze plan.") @Nullable
        PlanStatus plan,

        @JsonPropertyDescription("How far the run has come.") @Nullable
        ProgressStatus progress,

        @JsonPropertyDescription("Evaluation metrics.") @Size(max = 32)
        List<MetricStatus> metrics,

        @JsonPropertyDescription("The latest complete checkpoint.") @Nullable
        CheckpointStatus checkpoint,

        @JsonPropertyDescription("Comparison of every frozen tensor with the base model, byte for byte.") @Nullable
        ProofStatus proof,

        @JsonPropertyDescription("The trained model.") @Nullable
        OutputStatus output,

        @JsonPropertyDescription("The failure of the latest attempt; absent after a successful one.") @Nullable
        FailureStatus failure,

        @JsonPropertyDescription("The latest five attempts, the newest last.") @Size(max = 5)
        List<AttemptStatus> attempts) {
    /** Nothing is known. */
    public static final VLFineTuneStatus EMPTY = new VLFineTuneStatus(
            null, null, List.of(), null, null, null, null, null, null, null, null, null, List.of(), null, null, null,
            null, List.of());

    /** Puts empty lists in the place of absent ones. */
    public VLFineTuneStatus {
        conditions = List.copyOf(Objects.requireNonNullElse(conditions, List.of()));
        metrics = List.copyOf(Objects.requireNonNullElse(metrics, List.of()));
        attempts = List.copyOf(Objects.requireNonNullElse(attempts, List.of()));
    }
}
