package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.operator.conditions.RunState;
import java.util.Optional;

/**
 * A run that is told to pause its work: deleting the Job is the signal to its trainer, which writes a checkpoint and
 * ends. The run counts as suspended once no pod of it may run any more. An attempt that ended for good before the signal
 * came is not held back.
 */
final class SuspendPolicy implements Policy {
    /** {@link io.vlfinetune.api.AttemptStatus#reason()} of an attempt that was stopped by a suspension. */
    static final String WORD = "Suspended";

    @Override
    public Optional<Decision> decide(Situation situation) {
        if (!situation.run().getSpec().lifecycle().suspend() || situation.settled()) {
            return Optional.empty();
        }
        boolean stopped = situation.liveJobs().isEmpty()
                && situation.observed().livePods().isEmpty();
        RunState state = stopped
                ? new RunState.Suspended(held(situation))
                : new RunState.Suspending("the trainer writes a checkpoint and stops");
        return Optional.of(new Decision(situation.stopAll(), state, situation.top(), situation.firstAttempt(), null));
    }

    private static String held(Situation situation) {
        CheckpointStatus checkpoint = situation.before().checkpoint();
        String next = checkpoint == null
                ? "it starts from the base model"
                : "it goes on at the checkpoint of step " + checkpoint.step();
        return "no trainer runs and no GPU is held; when spec.lifecycle.suspend is false again, " + next;
    }
}
