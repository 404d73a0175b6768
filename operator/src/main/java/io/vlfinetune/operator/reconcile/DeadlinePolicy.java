package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.conditions.Conditions;
import io.vlfinetune.operator.conditions.RunState;
import java.time.Duration;
import java.util.Optional;

/** A run that takes too long, or waits too long for its trainer, is stopped and has failed. */
final class DeadlinePolicy implements Policy {
    @Override
    public Optional<Decision> decide(Situation situation) {
        if (situation.settled()
                || situation.changedAfterFailure()
                || situation.pendingRetry().isPresent()) {
            return Optional.empty();
        }
        return tooLong(situation).or(() -> waitsTooLong(situation));
    }

    private static Optional<Decision> tooLong(Situation situation) {
        String text = situation.run().getSpec().lifecycle().activeDeadline();
        return Deadlines.active(situation)
                .filter(due -> !situation.now().isBefore(due))
                .map(_ -> failed(
                        situation,
                        Reason.DeadlineExceeded,
                        "active for %s, longer than spec.lifecycle.activeDeadline %s: raise it, or train for fewer steps"
                                .formatted(rounded(situation.active()), text)));
    }

    private static Optional<Decision> waitsTooLong(Situation situation) {
        String text = situation.run().getSpec().lifecycle().pendingDeadline();
        return Deadlines.pending(situation)
                .filter(due -> !situation.now().isBefore(due))
                .map(_ -> failed(
                        situation,
                        Reason.PendingDeadlineExceeded,
                        "attempt %d did not start within spec.lifecycle.pendingDeadline %s; the last obstacle: %s"
                                .formatted(
                                        situation
                                                .current()
                                                .map(AttemptFacts::number)
                                                .orElse(0),
                                        text,
                                        obstacle(situation))));
    }

    private static Decision failed(Situation situation, Reason reason, String message) {
        return new Decision(
                situation.stopAll(),
                new RunState.Failed(reason, message),
                situation.top(),
                situation.firstAttempt(),
                null);
    }

    private static String obstacle(Situation situation) {
        return Conditions.find(situation.before().conditions(), ConditionType.Running)
                .map(Condition::message)
                .orElse("none known");
    }

    private static String rounded(Duration duration) {
        return duration.truncatedTo(java.time.temporal.ChronoUnit.SECONDS)
                .toString()
                .substring(2)
                .toLowerCase(java.util.Locale.ROOT);
    }
}
