package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.FailureStatus;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.operator.attempt.AttemptEnd;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.MadeFrom;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.conditions.RunState;
import io.vlfinetune.operator.conditions.StatusDraft;
import io.vlfinetune.operator.progress.RunFacts;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the next status says beside its conditions. */
final class Facts {
    private Facts() {}

    /** The facts as a decision leaves them. */
    static VLFineTuneStatus of(Situation situation, Decision decision, RunState state, boolean ephemeral) {
        List<AttemptStatus> attempts = Attempts.list(situation, decision.attempt(), decision.givesUp());
        boolean fresh =
                situation.attemptInStatus() < decision.firstAttempt() && decision.attempt() >= decision.firstAttempt();
        if (fresh && situation.current().map(AttemptFacts::number).orElse(0) < decision.firstAttempt()) {
            return retry(situation, decision, RunFacts.fresh(decision.attempt(), attempts));
        }
        VLFineTuneStatus known = fresh ? VLFineTuneStatus.EMPTY : situation.before();
        Optional<AttemptFacts> attempt = situation.current();
        Optional<ProgressReport> report = attempt.flatMap(AttemptFacts::ownReport);
        boolean lost = ephemeral && decision.attempt() > situation.attemptInStatus();
        VLFineTuneStatus facts = RunFacts.reported(
                lost ? RunFacts.withoutCheckpoint(known) : known,
                decision.attempt(),
                report.filter(value -> value.attempt() == decision.attempt() || !lost),
                failure(situation, known, attempt, state),
                attempts);
        facts = StatusDraft.of(facts)
                .preemptions(fresh ? 0 : Preemption.count(situation))
                .status();
        VLFineTuneStatus retried =
                state instanceof RunState.Failed ? withoutRetry(situation, facts) : retry(situation, decision, facts);
        VLFineTuneStatus timed = Activity.of(situation, state, retried);
        return state instanceof RunState.Succeeded succeeded ? RunFacts.succeeded(timed, succeeded.lastWord()) : timed;
    }

    private static @Nullable FailureStatus failure(
            Situation situation, VLFineTuneStatus known, Optional<AttemptFacts> attempt, RunState state) {
        Optional<FailureStatus> own = own(attempt, state);
        if (own.isPresent()) {
            return own.get();
        }
        return attempt.flatMap(situation::end)
                .filter(AttemptEnd.Failed.class::isInstance)
                .map(AttemptEnd.Failed.class::cast)
                .map(AttemptEnd.Failed::failure)
                .orElse(known.failure());
    }

    /** A failure that the operator decided, not the trainer. */
    private static Optional<FailureStatus> own(Optional<AttemptFacts> attempt, RunState state) {
        return state instanceof RunState.Failed failed
                        && (failed.reason() == Reason.DeadlineExceeded
                                || failed.reason() == Reason.PendingDeadlineExceeded)
                ? Optional.of(new FailureStatus(
                        failed.reason().name(),
                        null,
                        null,
                        attempt.flatMap(AttemptFacts::pod).map(PodFacts::name).orElse(null),
                        failed.message(),
                        null))
                : Optional.empty();
    }

    /** The token that the newest attempt was made with is honoured; a new one gives the run a new allowance of time. */
    private static VLFineTuneStatus retry(Situation situation, Decision decision, VLFineTuneStatus facts) {
        boolean starts = decision.actions().stream().anyMatch(Action.CreateJob.class::isInstance);
        Optional<String> honoured = starts
                ? Optional.ofNullable(MadeFrom.token(situation.run()))
                : situation
                        .jobs()
                        .reduce((_, newer) -> newer)
                        .flatMap(job -> Optional.ofNullable(job.madeFrom().retry()));
        String known = situation.before().honouredRetry();
        return honoured.isEmpty() || honoured.get().equals(known)
                ? StatusDraft.of(facts).honouredRetry(known).status()
                : StatusDraft.of(facts)
                        .honouredRetry(honoured.get())
                        .active(null, null)
                        .status();
    }

    /** A token that stands there while a run fails asks for nothing: only one that is set after the failure does. */
    private static VLFineTuneStatus withoutRetry(Situation situation, VLFineTuneStatus facts) {
        String token = MadeFrom.token(situation.run());
        return StatusDraft.of(facts)
                .honouredRetry(token == null ? situation.before().honouredRetry() : token)
                .status();
    }
}
