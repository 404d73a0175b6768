package io.vlfinetune.trainer.training;

import io.vlfinetune.api.PhaseEnd;
import io.vlfinetune.trainer.freeze.PhasedPlan;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which phase a run is in, and when the next one begins. */
public final class PhaseClock {
    /**
     * As a checkpoint keeps it.
     *
     * @param index number of the phase, from 0
     * @param start completed steps when it began
     * @param seen what it has seen of the metric that ends it
     */
    public record State(int index, long start, Plateau.@Nullable Seen seen) {
        /** The beginning of a run. */
        public static final State START = new State(0, 0, null);
    }

    /**
     * A phase that a run ends before.
     *
     * @param phase its name
     * @param start completed steps when it would begin
     */
    public record Unreached(String phase, long start) {}

    private final PhasedPlan plan;
    private final long stepsPerEpoch;
    private State state = State.START;

    PhaseClock(PhasedPlan plan, long stepsPerEpoch) {
        this.plan = plan;
        this.stepsPerEpoch = stepsPerEpoch;
    }

    PhasedPlan.Phase phase() {
        return plan.phases().get(state.index);
    }

    State state() {
        return state;
    }

    void restore(State kept) {
        state = kept;
    }

    /** Takes in what an evaluation gave, by metric. */
    void evaluated(Map<String, MetricBoard.Entry> metrics) {
        PhaseEnd until = phase().until();
        if (until != null && until.plateau() != null) {
            MetricBoard.Entry entry = metrics.get(until.plateau().metric());
            if (entry != null) {
                Plateau.Seen seen = new Plateau(until.plateau()).next(state.seen, entry.value());
                state = new State(state.index, state.start, seen);
            }
        }
    }

    /** Whether the phase is at its end after so many completed steps. */
    boolean over(long step) {
        PhaseEnd until = phase().until();
        if (until == null) {
            return false;
        }
        return until.plateau() == null
                ? step - state.start >= length(until)
                : new Plateau(until.plateau()).reached(state.seen);
    }

    /** The step at which the phase ends, as far as that is known beforehand; a phase that ends at a plateau may take all. */
    long end(long totalSteps) {
        PhaseEnd until = phase().until();
        return until == null || until.plateau() != null
                ? totalSteps
                : Math.min(totalSteps, state.start + length(until));
    }

    /** The next phase begins. */
    void next(long step) {
        state = new State(state.index + 1, step, null);
    }

    /** The first phase that a run of so many steps never comes to; phases after a plateau may begin at any step. */
    public static Optional<Unreached> unreached(PhasedPlan plan, long stepsPerEpoch, long totalSteps) {
        PhaseClock clock = new PhaseClock(plan, stepsPerEpoch);
        for (PhasedPlan.Phase phase : plan.phases()) {
            long start = clock.state.start;
            if (start >= totalSteps) {
                return Optional.of(new Unreached(phase.name(), start));
            }
            PhaseEnd until = phase.until();
            if (until == null || until.plateau() != null) {
                return Optional.empty();
            }
            clock.next(start + clock.length(until));
        }
        return Optional.empty();
    }

    private long length(PhaseEnd until) {
        Integer steps = until.steps();
        Integer epochs = until.epochs();
        if (steps != null) {
            return steps;
        }
        return epochs == null ? Long.MAX_VALUE : epochs * stepsPerEpoch;
    }
}
