package io.vlfinetune.operator.reconcile;

import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
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
        List<JobFacts> live = situation.observed().attempts().stream()
                .map(AttemptFacts::job)
                .filter(Objects::nonNull)
                .filter(job -> job.end() == null)
                .toList();
        Instant deadline = Times.parse(deleted).orElseGet(situation::now).plus(PATIENCE);
        boolean stopped = live.isEmpty() && situation.observed().livePods().isEmpty();
        if (stopped || !situation.now().isBefore(deadline)) {
            return Optional.of(Decision.quiet(List.of(new Action.Release()), null));
        }
        List<Action> deletions = live.stream()
                .filter(job -> !job.deleting())
                .<Action>map(job -> new Action.DeleteJob(job.name(), job.uid()))
                .toList();
        return Optional.of(Decision.quiet(deletions, Duration.between(situation.now(), deadline)));
    }
}
