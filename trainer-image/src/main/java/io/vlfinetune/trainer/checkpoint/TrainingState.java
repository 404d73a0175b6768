package io.vlfinetune.trainer.checkpoint;

import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.training.AdaptiveRates;
import io.vlfinetune.trainer.training.MetricBoard;
import io.vlfinetune.trainer.training.PhaseClock;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * All of a run's state that is not a tensor. The order of samples and the schedule follow from the step.
 *
 * @param runDigest digest of everything that decides the result; a checkpoint of another run is never resumed
 * @param step completed optimizer steps
 * @param evaluatedStep step of the latest evaluation; -1 before the first
 * @param metrics evaluation metrics so far
 * @param phase which phase the run is in
 * @param rates learning rates that have fallen
 * @param reached trainable tensors that a gradient reached
 * @param linearKernel kernel of linear layers, on which the last bits depend
 * @param threads threads of one operator, on which the last bits depend
 */
public record TrainingState(
        String runDigest,
        long step,
        long evaluatedStep,
        Map<String, MetricBoard.Entry> metrics,
        PhaseClock.State phase,
        AdaptiveRates.State rates,
        Set<String> reached,
        LinearKernel linearKernel,
        int threads) {
    /** Keeps copies in a fixed order, so that equal states give equal files. The file leaves out what is empty. */
    public TrainingState {
        metrics = Collections.unmodifiableMap(new LinkedHashMap<>(Objects.requireNonNullElse(metrics, Map.of())));
        phase = Objects.requireNonNullElse(phase, PhaseClock.State.START);
        rates = Objects.requireNonNullElse(rates, AdaptiveRates.State.START);
        reached = Collections.unmodifiableSet(new TreeSet<>(Objects.requireNonNullElse(reached, Set.of())));
    }
}
