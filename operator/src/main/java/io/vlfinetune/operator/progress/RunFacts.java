package io.vlfinetune.operator.progress;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.FailureStatus;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.operator.conditions.StatusDraft;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The facts of a status, without its conditions: what the trainer of the present attempt reported, on top of what is known. */
public final class RunFacts {
    private static final int DONE = 100;
    private static final int NEARLY = 99;

    private RunFacts() {}

    /** Facts of a series of attempts that has just begun. */
    public static VLFineTuneStatus fresh(int attempt, List<AttemptStatus> attempts) {
        return facts(VLFineTuneStatus.EMPTY, attempt, attempts, null);
    }

    /**
     * Facts while a series goes on. Percent never goes back, and is 100 only in a run that succeeded.
     *
     * @param before what is known of this series
     * @param attempt number of the present attempt
     * @param report latest report of its trainer
     * @param failure why the latest attempt that failed did
     * @param attempts the attempts so far
     */
    public static VLFineTuneStatus reported(
            VLFineTuneStatus before,
            int attempt,
            Optional<ProgressReport> report,
            @Nullable FailureStatus failure,
            List<AttemptStatus> attempts) {
        VLFineTuneStatus facts = facts(before, attempt, attempts, failure);
        return report.map(value -> copy(facts, value)).orElse(facts);
    }

    /** Facts whose checkpoint went with its pod. */
    public static VLFineTuneStatus withoutCheckpoint(VLFineTuneStatus facts) {
        return StatusDraft.of(facts).checkpoint(null).status();
    }

    /** Facts of a run that succeeded. */
    public static VLFineTuneStatus succeeded(VLFineTuneStatus facts, LastWord word) {
        ProgressStatus known = facts.progress();
        ProgressStatus progress = known == null
                ? new ProgressStatus(DONE, word.step(), word.step(), null, null, null, null, null, 0L, null)
                : withPercent(known, DONE, word.step() == null ? known.step() : word.step(), 0L);
        return StatusDraft.of(facts)
                .progress(progress)
                .checkpoint(Optional.ofNullable(word.checkpoint()).orElse(facts.checkpoint()))
                .result(word.output(), word.proof())
                .failure(null)
                .status();
    }

    private static VLFineTuneStatus copy(VLFineTuneStatus facts, ProgressReport report) {
        return StatusDraft.of(facts)
                .found(
                        Optional.ofNullable(report.model()).orElse(facts.model()),
                        Optional.ofNullable(report.data()).orElse(facts.data()),
                        Optional.ofNullable(report.plan()).orElse(facts.plan()))
                .progress(progress(facts.progress(), report.progress()))
                .metrics(report.metrics().isEmpty() ? facts.metrics() : report.metrics())
                .checkpoint(checkpoint(facts.checkpoint(), report))
                .status();
    }

    /** A report of an earlier step is an old one, unless the trainer says that it had to go back behind it. */
    private static @Nullable CheckpointStatus checkpoint(@Nullable CheckpointStatus known, ProgressReport report) {
        CheckpointStatus reported = report.checkpoint();
        if (known == null || reported == null || known.step() == null || reported.step() == null) {
            return reported == null ? known : reported;
        }
        boolean wentBack = report.resumedFromStep() != null && report.resumedFromStep() < known.step();
        return reported.step() >= known.step() || wentBack ? reported : known;
    }

    private static @Nullable ProgressStatus progress(
            @Nullable ProgressStatus known, @Nullable ProgressStatus reported) {
        if (reported == null) {
            return known;
        }
        int floor = known == null || known.percent() == null ? 0 : known.percent();
        int percent = reported.percent() == null ? 0 : reported.percent();
        int next = Math.min(Math.max(floor, Math.max(percent, 0)), NEARLY);
        return withPercent(reported, next, reported.step(), reported.etaSeconds());
    }

    private static ProgressStatus withPercent(
            ProgressStatus progress, int percent, Long step, @Nullable Long etaSeconds) {
        return new ProgressStatus(
                percent,
                step,
                progress.totalSteps(),
                progress.epoch(),
                progress.loss(),
                progress.learningRate(),
                progress.samplesPerSecond(),
                progress.tokensPerSecond(),
                etaSeconds,
                progress.peakMemoryBytes());
    }

    private static VLFineTuneStatus facts(
            VLFineTuneStatus before, int attempt, List<AttemptStatus> attempts, @Nullable FailureStatus failure) {
        return StatusDraft.of(before)
                .conditions(null, List.of())
                .attempts(attempt, attempts)
                .failure(failure)
                .status();
    }
}
