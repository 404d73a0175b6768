package io.vlfinetune.operator.reconcile;

import io.vlfinetune.operator.attempt.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A deleted run stays until its trainer has stopped, so that a new run of its name never shares files with it; after five
 * minutes it goes anyway. What else it owns goes by owner references.
 */
final class DeletionPolicy implements Policy {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    @Override
    public Optional<Decision> decide(Situation situation) {
        String deleted = situation.run().getMetadata().getDeletionTimestamp();
        if (deleted == null) {
            return Optional.empty();
        }
        Instant deadline = Times.parse(deleted).orElseGet(situation::now).plus(PATIENCE);
        boolean stopped = situation.liveJobs().isEmpty()
                && situation.observed().livePods().isEmpty();
        if (stopped || !situation.now().isBefore(deadline)) {
            return Optional.of(Decision.quiet(List.of(new Action.Release()), null));
        }
        return Optional.of(Decision.quiet(situation.stopAll(), Duration.between(situation.now(), deadline)));
    }
}
