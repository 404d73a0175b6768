package io.vlfinetune.operator.conditions;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.Condition;
import io.vlfinetune.api.DataStatus;
import io.vlfinetune.api.FailureStatus;
import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.ModelStatus;
import io.vlfinetune.api.OutputStatus;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.api.VLFineTuneStatus;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A status that is being written: another one with some of its fields replaced. */
public final class StatusDraft {
    private @Nullable Long observedGeneration;
    private @Nullable Phase phase;
    private List<Condition> conditions;
    private @Nullable Integer attempt;
    private @Nullable Integer preemptions;
    private @Nullable String activeSince;
    private @Nullable Long activeSeconds;
    private @Nullable String honouredRetry;
    private @Nullable ModelStatus model;
    private @Nullable DataStatus data;
    private @Nullable PlanStatus plan;
    private @Nullable ProgressStatus progress;
    private List<MetricStatus> metrics;
    private @Nullable CheckpointStatus checkpoint;
    private @Nullable ProofStatus proof;
    private @Nullable OutputStatus output;
    private @Nullable FailureStatus failure;
    private List<AttemptStatus> attempts;

    private StatusDraft(VLFineTuneStatus status) {
        observedGeneration = status.observedGeneration();
        phase = status.phase();
        conditions = status.conditions();
        attempt = status.attempt();
        preemptions = status.preemptions();
        activeSince = status.activeSince();
        activeSeconds = status.activeSeconds();
        honouredRetry = status.honouredRetry();
        model = status.model();
        data = status.data();
        plan = status.plan();
        progress = status.progress();
        metrics = status.metrics();
        checkpoint = status.checkpoint();
        proof = status.proof();
        output = status.output();
        failure = status.failure();
        attempts = status.attempts();
    }

    /** Begins with all fields of a status. */
    public static StatusDraft of(VLFineTuneStatus status) {
        return new StatusDraft(status);
    }

    /** What the conditions say, and the phase that follows from them. */
    public StatusDraft conditions(@Nullable Long generation, List<Condition> value) {
        observedGeneration = generation;
        conditions = value;
        phase = value.isEmpty() ? null : Phases.of(value);
        return this;
    }

    /** Attempts so far, and the number of the latest; 0: none. */
    public StatusDraft attempts(int latest, List<AttemptStatus> value) {
        attempt = latest == 0 ? null : latest;
        attempts = value;
        return this;
    }

    /** Pods that were replaced; 0: none. */
    public StatusDraft preemptions(int value) {
        preemptions = value == 0 ? null : value;
        return this;
    }

    /** Since when the run is active, and for how many seconds it was before. */
    public StatusDraft active(@Nullable String since, @Nullable Long secondsBefore) {
        activeSince = since;
        activeSeconds = secondsBefore;
        return this;
    }

    /** Token of the latest retry that was honoured. */
    public StatusDraft honouredRetry(@Nullable String value) {
        honouredRetry = value;
        return this;
    }

    /** What the trainer found: base model, data, freeze plan. */
    public StatusDraft found(
            @Nullable ModelStatus foundModel, @Nullable DataStatus foundData, @Nullable PlanStatus foundPlan) {
        model = foundModel;
        data = foundData;
        plan = foundPlan;
        return this;
    }

    /** How far the run has come. */
    public StatusDraft progress(@Nullable ProgressStatus value) {
        progress = value;
        return this;
    }

    /** Evaluation metrics. */
    public StatusDraft metrics(List<MetricStatus> value) {
        metrics = value;
        return this;
    }

    /** The latest complete checkpoint. */
    public StatusDraft checkpoint(@Nullable CheckpointStatus value) {
        checkpoint = value;
        return this;
    }

    /** The trained model and the proof that goes with it. */
    public StatusDraft result(@Nullable OutputStatus trained, @Nullable ProofStatus proven) {
        output = trained;
        proof = proven;
        return this;
    }

    /** The failure of the latest attempt. */
    public StatusDraft failure(@Nullable FailureStatus value) {
        failure = value;
        return this;
    }

    /** The status. */
    public VLFineTuneStatus status() {
        return new VLFineTuneStatus(
                observedGeneration,
                phase,
                conditions,
                attempt,
                preemptions,
                activeSince,
                activeSeconds,
                honouredRetry,
                model,
                data,
                plan,
                progress,
                metrics,
                checkpoint,
                proof,
                output,
                failure,
                attempts);
    }
}
