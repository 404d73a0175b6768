package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.operator.attempt.Times;
import io.vlfinetune.operator.conditions.RunState;
import io.vlfinetune.operator.conditions.StatusDraft;

/** The clock of a run: it starts with its trainer's first report and stands still while the run is suspended or waits
 * in a queue. */
final class Activity {
    private Activity() {}

    /** Facts with the clock as a state leaves it. */
    static VLFineTuneStatus of(Situation situation, RunState state, VLFineTuneStatus facts) {
        return switch (state) {
            case RunState.Running _ -> started(situation, facts);
            case RunState.Silent silent -> silent.awaited() == null ? started(situation, facts) : facts;
            case RunState.Suspended _ -> stopped(situation, facts);
            case RunState.Starting _ -> situation.heldBack() ? stopped(situation, facts) : facts;
            case RunState.Invalid _,
                    RunState.Pending _,
                    RunState.Restarting _,
                    RunState.Preempted _,
                    RunState.Suspending _,
                    RunState.Succeeded _,
                    RunState.Planned _,
                    RunState.Failed _ -> facts;
        };
    }

    private static VLFineTuneStatus started(Situation situation, VLFineTuneStatus facts) {
        return facts.activeSince() == null
                ? StatusDraft.of(facts)
                        .active(Times.format(situation.now()), facts.activeSeconds())
                        .status()
                : facts;
    }

    private static VLFineTuneStatus stopped(Situation situation, VLFineTuneStatus facts) {
        return facts.activeSince() == null
                ? facts
                : StatusDraft.of(facts)
                        .active(null, situation.active().toSeconds())
                        .status();
    }
}
