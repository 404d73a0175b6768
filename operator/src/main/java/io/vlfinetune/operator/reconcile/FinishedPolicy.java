package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.Children;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.Times;
import io.vlfinetune.operator.conditions.Conditions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A run that ended stays as it is; a failed one until its spec changes or a retry is asked for. What belongs to it is
 * deleted once its time is up, but never the run: a GitOps tool would make it again, and train again.
 */
final class FinishedPolicy implements Policy {
    @Override
    public Optional<Decision> decide(Situation situation) {
        boolean succeeded = Conditions.isTrue(situation.before().conditions(), ConditionType.Succeeded);
        boolean reopened = situation.changedAfterFailure()
                || situation.startedAnew()
                || situation.pendingRetry().isPresent();
        // A failed run that is suspended is not tried again before it is resumed.
        boolean held = situation.run().getSpec().lifecycle().suspend() && !situation.startedAnew();
        boolean failed = situation.failed() && (!reopened || held);
        return succeeded || failed ? Optional.of(keep(situation)) : Optional.empty();
    }

    private static Decision keep(Situation situation) {
        List<Action> stops = situation.stopAll();
        Optional<Instant> due = cleanUpTime(situation);
        if (!stops.isEmpty() || due.isEmpty() || situation.observed().attempts().isEmpty()) {
            return Decision.quiet(stops, null);
        }
        return situation.now().isBefore(due.get())
                ? Decision.quiet(List.of(), Duration.between(situation.now(), due.get()))
                : Decision.quiet(cleanUp(situation), null);
    }

    /** When what belongs to a run that has ended is deleted; empty: never. */
    static Optional<Instant> cleanUpTime(Situation situation) {
        return end(situation)
                .flatMap(end -> Times.duration(
                                situation.run().getSpec().lifecycle().childrenTTL())
                        .map(end::plus));
    }

    private static Optional<Instant> end(Situation situation) {
        ConditionType type = situation.failed() ? ConditionType.Failed : ConditionType.Succeeded;
        return Conditions.find(situation.before().conditions(), type)
                .filter(condition -> "True".equals(condition.status()))
                .map(Condition::lastTransitionTime)
                .flatMap(Times::parse);
    }

    /** Progress objects last: as long as one is there, what this operator did not get to is done again. */
    private static List<Action> cleanUp(Situation situation) {
        List<Action> actions = new ArrayList<>();
        for (AttemptFacts attempt : situation.observed().attempts()) {
            JobFacts job = attempt.job();
            if (job != null && !job.deleting()) {
                actions.add(new Action.DeleteJob(job.name(), job.uid()));
            }
        }
        for (AttemptFacts attempt : situation.observed().attempts()) {
            JobFacts job = attempt.job();
            if (job == null || !job.deleting()) {
                actions.add(new Action.DeleteProgress(Children.attemptName(situation.run(), attempt.number())));
            }
        }
        if (!actions.isEmpty()) {
            // Whether one was made the present spec does not tell: it may have been changed since.
            actions.addFirst(new Action.DeleteClaim(Children.scratchName(situation.run())));
        }
        return actions;
    }
}
