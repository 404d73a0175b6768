package io.vlfinetune.trainer.training;

import io.vlfinetune.api.OnPlateauSpec;
import io.vlfinetune.api.Part;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Learning rates that fall when a metric no longer gets better, part by part. */
public final class AdaptiveRates {
    /**
     * As a checkpoint keeps it.
     *
     * @param seen what has been seen of the metric since the rates last fell or the phase began
     * @param factors what each part's rates are multiplied by; a part that never fell is absent
     */
    public record State(Plateau.@Nullable Seen seen, Map<Part, Double> factors) {
        /** No rate fell yet. */
        public static final State START = new State(null, Map.of());

        /** Keeps a copy in a fixed order, so that equal states give equal files. The file leaves out what is empty. */
        public State {
            Map<Part, Double> ordered = new EnumMap<>(Part.class);
            ordered.putAll(Objects.requireNonNullElse(factors, Map.of()));
            factors = Collections.unmodifiableMap(ordered);
        }
    }

    private final @Nullable OnPlateauSpec spec;
    private State state = State.START;

    AdaptiveRates(@Nullable OnPlateauSpec spec) {
        this.spec = spec;
    }

    /** What a part's rates are multiplied by. */
    double factor(Part part) {
        return state.factors.getOrDefault(part, 1.0);
    }

    State state() {
        return state;
    }

    void restore(State kept) {
        state = kept;
    }

    /** Another phase trains something else, so that what came before says nothing of it. Rates stay where they are. */
    void phaseBegins() {
        state = new State(null, state.factors);
    }

    /** Takes in what an evaluation gave; says in words if rates fell. */
    Optional<String> evaluated(Map<String, MetricBoard.Entry> metrics) {
        MetricBoard.Entry entry = spec == null ? null : metrics.get(spec.metric());
        if (spec == null || entry == null) {
            return Optional.empty();
        }
        Plateau plateau = new Plateau(spec.plateau());
        Plateau.Seen seen = plateau.next(state.seen, entry.value());
        if (!plateau.reached(seen)) {
            state = new State(seen, state.factors);
            return Optional.empty();
        }
        double factor = Double.parseDouble(spec.factor());
        Map<Part, Double> factors = new EnumMap<>(Part.class);
        for (Part part : Part.values()) {
            if (spec.covers(part)) {
                factors.put(part, factor(part) * factor);
            }
        }
        state = new State(new Plateau.Seen(seen.best(), 0), factors);
        return Optional.of("%s was not better than %.4f for %d evaluations: learning rates are multiplied by %s in %s"
                .formatted(
                        spec.metric(),
                        seen.best(),
                        spec.patience(),
                        spec.factor(),
                        spec.parts().isEmpty() ? "all parts" : spec.parts()));
    }
}
