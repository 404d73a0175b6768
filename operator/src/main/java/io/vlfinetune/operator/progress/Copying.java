package io.vlfinetune.operator.progress;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.conditions.Conditions;
import io.vlfinetune.operator.conditions.StatusDraft;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether a next status is worth a write. A trainer reports each few seconds; the status follows when percent, state,
 * checkpoint or a metric changes, and not more often than once a period. All else is written at once.
 *
 * @param period shortest time between two copies of progress alone
 */
public record Copying(Duration period) {
    /** What to do with a next status. */
    public sealed interface Verdict {
        /** Write it. */
        record Write() implements Verdict {}

        /** Leave the one before. */
        record Leave() implements Verdict {}

        /** Leave the one before for now. */
        record Later(Duration after) implements Verdict {}
    }

    /**
     * Decides.
     *
     * @param before status as it stands
     * @param next status as it could be
     * @param lastWrite when this operator last wrote the status; null: not since it started
     * @param now the time
     */
    public Verdict decide(VLFineTuneStatus before, VLFineTuneStatus next, @Nullable Instant lastWrite, Instant now) {
        if (before.equals(next)) {
            return new Verdict.Leave();
        }
        if (!withoutLive(before).equals(withoutLive(next))) {
            return new Verdict.Write();
        }
        if (Live.of(before).equals(Live.of(next))) {
            return new Verdict.Leave();
        }
        Instant due = lastWrite == null ? now : lastWrite.plus(period);
        return now.isBefore(due) ? new Verdict.Later(Duration.between(now, due)) : new Verdict.Write();
    }

    /** The part of the progress that is worth a write. */
    private record Live(@Nullable Integer percent, @Nullable Long checkpointStep, List<Object> metrics, String state) {
        static Live of(VLFineTuneStatus status) {
            ProgressStatus progress = status.progress();
            CheckpointStatus checkpoint = status.checkpoint();
            String state = Conditions.find(status.conditions(), ConditionType.Progressing)
                    .map(Condition::reason)
                    .orElse("");
            return new Live(
                    progress == null ? null : progress.percent(),
                    checkpoint == null ? null : checkpoint.step(),
                    List.copyOf(status.metrics()),
                    // The end of the Job follows at once and says more.
                    state.equals(TrainerState.Ended.name()) ? TrainerState.Finishing.name() : state);
        }
    }

    private static VLFineTuneStatus withoutLive(VLFineTuneStatus status) {
        List<Condition> conditions = status.conditions().stream()
                .filter(condition -> !condition.type().equals(ConditionType.CheckpointAvailable.name()))
                .filter(condition -> !(condition.type().equals(ConditionType.Progressing.name())
                        && "True".equals(condition.status())))
                .toList();
        return StatusDraft.of(status)
                .conditions(status.observedGeneration(), conditions)
                .attempts(
                        status.attempt() == null ? 0 : status.attempt(),
                        status.attempts().stream().map(Copying::withoutPod).toList())
                .progress(null)
                .metrics(List.of())
                .checkpoint(null)
                .status();
    }

    /** That a first pod appeared is not worth a write; that another one took its place shows in the preemptions. */
    private static AttemptStatus withoutPod(AttemptStatus attempt) {
        return new AttemptStatus(
                attempt.number(),
                attempt.startTime(),
                attempt.endTime(),
                attempt.reason(),
                attempt.resumedFromStep(),
                null);
    }
}
