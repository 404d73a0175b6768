package io.vlfinetune.operator.reconcile;

import io.vlfinetune.operator.conditions.RunState;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a policy wants.
 *
 * @param actions what to do, in order
 * @param state where the run stands then; null: its status stays
 * @param attempt number of the attempt that the run is then at; 0: none yet
 * @param firstAttempt number of the first attempt of its series
 * @param requeueAfter when to look again; null: when something happens
 * @param givesUp whether the present attempt counts as failed for its silence although it has not ended
 */
public record Decision(
        List<Action> actions,
        @Nullable RunState state,
        int attempt,
        int firstAttempt,
        @Nullable Duration requeueAfter,
        boolean givesUp) {
    /** Keeps a copy of the actions. */
    public Decision {
        actions = List.copyOf(actions);
    }

    /** A decision that gives nothing up. */
    Decision(
            List<Action> actions,
            @Nullable RunState state,
            int attempt,
            int firstAttempt,
            @Nullable Duration requeueAfter) {
        this(actions, state, attempt, firstAttempt, requeueAfter, false);
    }

    /** The same, and the present attempt is given up. */
    Decision givingUp() {
        return new Decision(actions, state, attempt, firstAttempt, requeueAfter, true);
    }

    /** Leaves the status as it is. */
    static Decision quiet(List<Action> actions, @Nullable Duration requeueAfter) {
        return new Decision(actions, null, 0, 0, requeueAfter);
    }

    /** Does nothing but say where the run stands. */
    static Decision say(Situation situation, RunState state, @Nullable Duration requeueAfter) {
        return new Decision(List.of(), state, situation.top(), situation.firstAttempt(), requeueAfter);
    }
}
