package io.vlfinetune.trainer.training;

import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.OutputSpec;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.PlannedModel;
import io.vlfinetune.trainer.checkpoint.CheckpointStore;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.report.MetricsLog;
import io.vlfinetune.trainer.report.TensorBoardLog;
import io.vlfinetune.trainer.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Trains a planned model, from the newest checkpoint on if there is one.
 *
 * @param planned the plan
 * @param data training and evaluation samples
 * @param spec how it is trained
 * @param output which model is wanted
 * @param around what the loop works with and tells
 * @param runDigest digest of everything that decides the result
 * @param threads threads of one operator
 * @param metricsFile where metrics.jsonl goes; TensorBoard events go beside it
 */
public record Training(
        PlannedModel planned,
        TrainingLoop.Data data,
        TrainingSpec spec,
        OutputSpec output,
        TrainingLoop.Surroundings around,
        String runDigest,
        int threads,
        Path metricsFile) {
    /**
     * A trained model in memory.
     *
     * @param weights its tensors, valid while it is handled
     * @param steps optimizer steps
     * @param selected step of the model in the weights
     * @param ending how training came to its end
     * @param metrics evaluation metrics
     * @param reached trainable tensors that a gradient reached
     */
    public record Trained(
            Weights weights,
            long steps,
            long selected,
            String ending,
            List<MetricStatus> metrics,
            Set<String> reached) {
        /** Keeps copies. */
        public Trained {
            metrics = List.copyOf(metrics);
            reached = Set.copyOf(reached);
        }
    }

    private LoadedModel load(Ops ops, Optional<CheckpointStore.Saved> saved) {
        int index = saved.map(one -> one.state().phase().index()).orElse(0);
        FreezePlan phase = planned.phases().phases().get(index).plan();
        return new LoadedModel(ops, planned, spec, phase, around.memory().recompute(index));
    }

    /**
     * Trains and hands the result on while it is in memory.
     *
     * @throws StoppedException when told to stop, after a checkpoint
     * @throws io.vlfinetune.trainer.TrainerException when training fails
     */
    public <T> T run(Function<Trained, T> finish) {
        Optional<CheckpointStore.Saved> saved = around.checkpoints().latest(runDigest);
        try (Ops ops = Ops.start(threads, saved.map(one -> one.state().linearKernel()));
                LoadedModel model = load(ops, saved)) {
            TrainingLoop loop = new TrainingLoop(model, data, spec, output, around, runDigest, threads);
            saved.ifPresent(loop::resume);
            around.log()
                    .line(saved.map(one -> "resuming at step " + one.state().step() + " from " + one.folder())
                                    .orElse("starting from the base model")
                            + "; " + threads + " threads, linear layers by " + ops.linearKernel());
            Path events = metricsFile.resolveSibling(TensorBoardLog.FOLDER);
            try (TensorBoardLog tensorBoard =
                            new TensorBoardLog(events, loop.step(), loop.evaluated(), around.clock());
                    MetricsLog metrics =
                            new MetricsLog(metricsFile, loop.step(), loop.evaluated(), tensorBoard, around.metrics())) {
                loop.run(metrics);
            }
            return finish.apply(new Trained(
                    model.weights(),
                    loop.step(),
                    loop.select(),
                    loop.ending(),
                    loop.board().status(),
                    loop.reached()));
        }
    }
}
