package io.vlfinetune.trainer.training;

import io.vlfinetune.api.EarlyStoppingSpec;
import io.vlfinetune.api.OutputSelection;
import io.vlfinetune.api.OutputSpec;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.checkpoint.BestModel;
import io.vlfinetune.trainer.checkpoint.CheckpointStore;
import io.vlfinetune.trainer.checkpoint.TrainingState;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * When a run has seen enough, and which of its models is wanted.
 *
 * @param spec how it is trained
 * @param output which model is wanted
 * @param best where the best model so far is kept
 * @param checkpoints whose states speak of earlier best models
 */
record ModelSelection(TrainingSpec spec, OutputSpec output, BestModel best, CheckpointStore checkpoints) {
    /** Whether the metric of early stopping has not become better for as many evaluations as patience allows. */
    boolean exhausted(MetricBoard board) {
        EarlyStoppingSpec stopping = spec.earlyStopping();
        Integer every = spec.evaluateEvery();
        if (stopping == null || every == null) {
            return false;
        }
        MetricBoard.Entry entry = board.entries().get(stopping.metric());
        return entry != null && (entry.step() - entry.bestStep()) / every >= stopping.patience();
    }

    /** How a run came to its end. */
    String ending(MetricBoard board, long step, long totalSteps) {
        EarlyStoppingSpec stopping = spec.earlyStopping();
        if (stopping == null || step == totalSteps) {
            return "trained " + step + " steps";
        }
        MetricBoard.Entry entry = Objects.requireNonNull(board.entries().get(stopping.metric()));
        return "stopped early at step %d of %d, since %s was best at step %d (%.4f)"
                .formatted(step, totalSteps, stopping.metric(), entry.bestStep(), entry.best());
    }

    /** Keeps the model, if the evaluation of this step made it the best so far and the best one is wanted; says whether. */
    boolean evaluated(LoadedModel model, MetricBoard board, long step) {
        String metric = output.metric();
        boolean kept = output.select() == OutputSelection.Best && metric != null && board.best(metric, step);
        if (kept) {
            best.save(model.ops(), step, model.masters());
            // A run without checkpoints would otherwise keep every model that was ever the best.
            prune(board);
        }
        return kept;
    }

    /** How many models are kept beside so many checkpoints at most. */
    int most(int checkpoints) {
        return output.select() == OutputSelection.Best ? checkpoints + 1 : 0;
    }

    /** Drops models that neither the run nor any of its checkpoints calls the best. */
    void prune(MetricBoard board) {
        String metric = output.metric();
        if (metric == null) {
            return;
        }
        Set<Long> steps = new TreeSet<>();
        for (TrainingState state : checkpoints.states()) {
            Optional.ofNullable(state.metrics().get(metric)).ifPresent(entry -> steps.add(entry.bestStep()));
        }
        Optional.ofNullable(board.entries().get(metric)).ifPresent(entry -> steps.add(entry.bestStep()));
        best.keep(steps);
    }

    /** Puts the best model so far in the place of the last one, if that was asked for; says which step it is of. */
    long select(LoadedModel model, MetricBoard board, long step) {
        String metric = output.metric();
        if (output.select() != OutputSelection.Best || metric == null) {
            return step;
        }
        long bestStep = Objects.requireNonNull(board.entries().get(metric)).bestStep();
        if (bestStep != step) {
            model.restoreMasters(best.file(bestStep));
        }
        return bestStep;
    }
}
