package io.vlfinetune.operator.reconcile;

import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.conditions.RunState;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A trainer that is silent for too long: the status says so, or the attempt is given up, if the spec wants that. First
 * the status says that it is given up, then its Job is stopped: so the attempt counts, however this operator ends between.
 */
final class HeartbeatPolicy implements Policy {
    private static final Duration AT_ONCE = Duration.ofMillis(1);

    @Override
    public Optional<Decision> decide(Situation situation) {
        return situation
                .current()
                .filter(attempt -> live(attempt) && situation.end(attempt).isEmpty())
                .flatMap(attempt -> decide(situation, attempt));
    }

    private static Optional<Decision> decide(Situation situation, AttemptFacts attempt) {
        String message = Silence.message(situation, attempt);
        RunState restarting = new RunState.Restarting("attempt " + attempt.number() + " is given up: " + message);
        if (situation.givenUp(attempt)) {
            return Optional.of(
                    new Decision(situation.stopAll(), restarting, situation.top(), situation.firstAttempt(), null));
        }
        boolean silent = Silence.deadline(situation, attempt)
                .filter(deadline -> !situation.now().isBefore(deadline))
                .isPresent();
        if (!silent || attempt.pods().stream().allMatch(pod -> pod.terminal())) {
            return Optional.empty();
        }
        return Optional.of(
                switch (situation.run().getSpec().lifecycle().onNoHeartbeat()) {
                    case Report ->
                        Decision.say(situation, new RunState.Silent(message, awaited(situation, attempt)), null);
                    case Restart -> Decision.say(situation, restarting, AT_ONCE).givingUp();
                });
    }

    /** Why an attempt whose present pod never reported was not at work; null: it was. */
    private static @Nullable String awaited(Situation situation, AttemptFacts attempt) {
        if (attempt.reported().isPresent()) {
            return null;
        }
        return Preemption.waiting(situation, attempt).isPresent() ? Preemption.REASON : "Starting";
    }

    private static boolean live(AttemptFacts attempt) {
        JobFacts job = attempt.job();
        return job != null && job.live();
    }
}
