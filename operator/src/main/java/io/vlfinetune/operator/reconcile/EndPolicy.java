package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.operator.attempt.AttemptEnd;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.Backoff;
import io.vlfinetune.operator.attempt.Times;
import io.vlfinetune.operator.conditions.RunState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * An attempt that ended: the run succeeds, fails, or waits for its next attempt. Once that is due this policy is silent
 * and the next one starts it.
 *
 * @param backoff how long a restart waits
 */
record EndPolicy(Backoff backoff) implements Policy {
    private static final Duration AT_ONCE = Duration.ofMillis(1);

    @Override
    public Optional<Decision> decide(Situation situation) {
        if (situation.changedAfterFailure() || situation.pendingRetry().isPresent()) {
            return Optional.empty();
        }
        return situation
                .current()
                .flatMap(attempt -> situation.end(attempt).flatMap(end -> decide(situation, attempt, end)));
    }

    private Optional<Decision> decide(Situation situation, AttemptFacts attempt, AttemptEnd end) {
        return switch (end) {
            case AttemptEnd.Succeeded succeeded ->
                Optional.of(Decision.say(situation, new RunState.Succeeded(succeeded.lastWord()), null));
            case AttemptEnd.Planned _ -> Optional.of(Decision.say(situation, new RunState.Planned(), null));
            case AttemptEnd.Stopped _ when suspended(situation, attempt) -> Optional.empty();
            case AttemptEnd.Stopped stopped ->
                restart(situation, attempt, end, "was stopped: " + stopped.message(), stops(situation));
            case AttemptEnd.Failed failed -> failed(situation, attempt, failed);
        };
    }

    /** A run that is resumed goes on at once. */
    private static boolean suspended(Situation situation, AttemptFacts attempt) {
        return situation
                .recorded(attempt.number())
                .filter(status -> SuspendPolicy.WORD.equals(status.reason()))
                .isPresent();
    }

    private Optional<Decision> failed(Situation situation, AttemptFacts attempt, AttemptEnd.Failed end) {
        List<Reason> failures = situation.failures();
        String cause = end.reason() + ": " + end.failure().message();
        return switch (end.reason().retry()) {
            case Never -> failed(situation, end.reason(), end.failure().message());
            case Once ->
                failures.stream().filter(end.reason()::equals).count() > 1
                        ? failed(situation, end.reason(), end.failure().message())
                        : restart(situation, attempt, end, "failed: " + cause, failures.size());
            case Counted -> {
                int allowed = Objects.requireNonNullElse(
                        situation.run().getSpec().lifecycle().maxRestarts(), 0);
                long counted = failures.stream()
                        .filter(reason -> reason.retry() == Reason.Retry.Counted)
                        .count();
                yield counted > allowed
                        ? failed(
                                situation,
                                Reason.MaxRestartsExceeded,
                                "%d attempts failed and spec.lifecycle.maxRestarts is %d; the last one: %s"
                                        .formatted(counted, allowed, cause))
                        : restart(situation, attempt, end, "failed: " + cause, failures.size());
            }
        };
    }

    private static Optional<Decision> failed(Situation situation, Reason reason, String message) {
        return Optional.of(Decision.say(situation, new RunState.Failed(reason, message), null));
    }

    private Optional<Decision> restart(
            Situation situation, AttemptFacts attempt, AttemptEnd end, String cause, int ordinal) {
        int next = attempt.number() + 1;
        Duration wait = backoff.before(situation.run().getMetadata().getUid(), next, ordinal);
        Instant due = situation.endTime(attempt.number(), end).plus(wait);
        // However late this operator is, the end is written down and told before the next attempt begins.
        boolean told =
                situation.recorded(attempt.number()).map(AttemptStatus::reason).isPresent();
        boolean early = situation.now().isBefore(due);
        if (told && !early) {
            return Optional.empty();
        }
        String message =
                "attempt %d %s; attempt %d starts at %s".formatted(attempt.number(), cause, next, Times.format(due));
        Duration pause = early ? Duration.between(situation.now(), due) : AT_ONCE;
        return Optional.of(Decision.say(situation, new RunState.Restarting(message), pause));
    }

    /** Stops one after the other at the end of the series. */
    private static int stops(Situation situation) {
        int stops = 0;
        for (String word : situation.endings().reversed()) {
            if (!word.equals(AttemptEnd.Stopped.WORD)) {
                break;
            }
            stops++;
        }
        return stops;
    }
}
