package io.vlfinetune.trainer.training;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.OutputSpec;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.Versions;
import io.vlfinetune.trainer.checkpoint.BestModel;
import io.vlfinetune.trainer.checkpoint.CheckpointStore;
import io.vlfinetune.trainer.checkpoint.TrainingState;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.PeakMemory;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.memory.MemoryPlan;
import io.vlfinetune.trainer.metrics.TrainerMetrics;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.optimize.LearningRateSchedule;
import io.vlfinetune.trainer.report.MetricsLog;
import io.vlfinetune.trainer.report.ProgressReporter;
import io.vlfinetune.trainer.report.RunLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Takes the optimizer steps of a run, evaluates and writes checkpoints between them. */
public final class TrainingLoop {
    /**
     * What the loop works with and tells.
     *
     * @param plan what is told of each phase
     * @param memory what each phase runs again
     * @param checkpoints where checkpoints go
     * @param best where the best model so far is kept
     * @param scratch where what frozen layers make may be stored
     * @param reporter told of progress
     * @param metrics counts and measures
     * @param log told in words
     * @param stop asked between pieces of work
     * @param clock for time stamps
     */
    public record Surroundings(
            PlanDocument plan,
            MemoryPlan memory,
            CheckpointStore checkpoints,
            BestModel best,
            Path scratch,
            ProgressReporter reporter,
            TrainerMetrics metrics,
            RunLog log,
            StopSignal stop,
            Clock clock) {}

    /**
     * The data of a run.
     *
     * @param train training samples
     * @param evaluation evaluation sets by name, in the order of the declaration
     */
    public record Data(Dataset train, Map<String, Dataset> evaluation) {}

    private final LoadedModel model;
    private final Data data;
    private final TrainingSpec spec;
    private final Surroundings around;
    private final String runDigest;
    private final int threads;
    private final StepSamples samples;
    private final LearningRateSchedule schedule;
    private final ModelSelection selection;
    private final PhaseClock phases;
    private final AdaptiveRates adaptive;
    private final PrefixCaching.Place cachePlace;
    private final Throughput throughput = new Throughput();
    private final Set<String> reached = new TreeSet<>();
    /** What was decided about the prefix cache, by phase. */
    private final Map<String, String> caches = new LinkedHashMap<>();

    /** Of the phase at hand. */
    private @Nullable PrefixCaching caching;

    /** Whether a checkpoint needed the room of the prefix cache. */
    private boolean cacheGivenUp;

    private MetricBoard board = new MetricBoard();
    private long step;
    private long evaluatedStep = -1;
    private long savedStep = -1;
    private long savedEvaluatedStep = -1;

    TrainingLoop(
            LoadedModel model,
            Data data,
            TrainingSpec spec,
            OutputSpec output,
            Surroundings around,
            String runDigest,
            int threads) {
        this.model = model;
        this.data = data;
        this.spec = spec;
        this.around = around;
        this.runDigest = runDigest;
        this.threads = threads;
        samples = StepSamples.of(spec, data.train().size());
        schedule = LearningRateSchedule.of(spec.schedule(), samples.totalSteps());
        selection = new ModelSelection(spec, output, around.best, around.checkpoints);
        phases = new PhaseClock(model.planned().phases(), samples.stepsPerEpoch());
        adaptive = new AdaptiveRates(spec.onPlateau());
        cachePlace =
                new PrefixCaching.Place(around.scratch.resolve("prefix-cache"), threads, Versions.all(), around.log);
    }

    /** Goes on from a checkpoint, whose phase the model was loaded for. */
    void resume(CheckpointStore.Saved saved) {
        TrainingState state = saved.state();
        model.restore(saved.tensors());
        step = state.step();
        savedStep = step;
        evaluatedStep = state.evaluatedStep();
        savedEvaluatedStep = evaluatedStep;
        board = new MetricBoard(state.metrics());
        phases.restore(state.phase());
        adaptive.restore(state.rates());
        reached.addAll(state.reached());
        if (state.threads() != threads) {
            around.log.line("the checkpoint was made with " + state.threads() + " threads, now there are " + threads
                    + ": the last bits of the result may differ from an uninterrupted run");
        }
        LinearKernel.declared(System.getenv())
                .filter(named -> named != state.linearKernel())
                .ifPresent(named -> around.log.line("linear layers stay with " + state.linearKernel()
                        + ", by which the checkpoint was made: " + LinearKernel.VARIABLE + "=" + named
                        + " is for new runs"));
        around.reporter.resumed(step);
        around.reporter.checkpoint(status(saved.folder(), null));
        around.reporter.metrics(board.status());
        reportPhase();
    }

    /** Completed steps. */
    long step() {
        return step;
    }

    /** Whether the evaluation that is due at this step was made. */
    boolean evaluated() {
        return evaluatedStep == step;
    }

    /** Evaluation metrics. */
    MetricBoard board() {
        return board;
    }

    /** Trainable tensors that a gradient reached. */
    Set<String> reached() {
        return reached;
    }

    /** How the loop came to its end. */
    String ending() {
        return selection.ending(board, step, samples.totalSteps());
    }

    /** Puts the model that is wanted in the place of the last one; says which step it is of. */
    long select() {
        return selection.select(model, board, step);
    }

    /**
     * Trains to the last step.
     *
     * @throws StoppedException when told to stop, after a checkpoint
     * @throws TrainerException Diverged, when loss or gradients are no longer finite
     */
    void run(MetricsLog metrics) {
        around.metrics.begin(step, samples.totalSteps());
        settle(metrics);
        while (!finished()) {
            runPhase(metrics);
        }
        cachePlace.remove();
    }

    private boolean finished() {
        return step >= samples.totalSteps() || selection.exhausted(board);
    }

    /** Trains until the present phase or the run is at its end. */
    private void runPhase(MetricsLog metrics) {
        int phase = phases.state().index();
        around.reporter.state(TrainerState.Training);
        double passes = samples.epoch(phases.end(samples.totalSteps())) - samples.epoch(step);
        try (PrefixCaching begun = PrefixCaching.begin(
                        model, model.executor(), data.train(), spec, passes, reserved(), cachePlace);
                StepBatches batches = new StepBatches(begun.samples(), samples, step, spec.batchSize())) {
            caching = begun;
            caches.put(phases.phase().name(), begun.decision().sentence());
            reportPhase();
            Executor executor = model.executor(begun.store());
            while (!finished() && phases.state().index() == phase) {
                stopIfAsked();
                take(executor, batches.next(), metrics, begun);
                settle(metrics);
                Integer every = spec.checkpointEvery();
                if (finished() || (every != null && step % every == 0)) {
                    save();
                }
                around.reporter.state(TrainerState.Training);
            }
        }
    }

    /**
     * What checkpoints will take of scratch beyond what they have: for a moment there is one more than are kept, and any
     * of them may have a best model of its own.
     */
    private long reserved() {
        if (cacheGivenUp) {
            return Long.MAX_VALUE;
        }
        int checkpoints = spec.keepCheckpoints() + 1;
        long most = checkpoints * bytes(model.state()) + selection.most(checkpoints) * bytes(model.masters());
        return Math.max(0, most - around.checkpoints.bytes());
    }

    private static long bytes(Map<String, NDArray> arrays) {
        return arrays.values().stream()
                .mapToLong(array -> array.size() * Float.BYTES)
                .sum();
    }

    /**
     * Writes what a run cannot do without. Where scratch refuses, the prefix cache, which can be computed again, gives its
     * room for the rest of the attempt, and it is tried once more.
     */
    private <T> T withRoom(Supplier<T> write) {
        try {
            return write.get();
        } catch (TrainerException refused) {
            if (!Files.isDirectory(cachePlace.root())) {
                throw refused;
            }
            around.log.line("prefix cache: removed and not used any more, since " + refused.getMessage());
            cacheGivenUp = true;
            if (caching != null) {
                caching.drop();
            }
            cachePlace.remove();
            return write.get();
        }
    }

    /** What follows from the steps so far, and from nothing else: an evaluation that is due, the phase that it ends. */
    private void settle(MetricsLog metrics) {
        if (evaluationDue() && evaluatedStep != step) {
            evaluate(metrics);
        }
        if (!finished() && phases.over(step)) {
            String before = phases.phase().name();
            phases.next(step);
            adaptive.phaseBegins();
            model.enter(
                    phases.phase().plan(),
                    around.memory.recompute(phases.state().index()));
            around.log.line("step %d: phase %s ends, phase %s begins; it trains %,d parameters"
                    .formatted(
                            step,
                            before,
                            phases.phase().name(),
                            phases.phase().plan().trainableParameters()));
            reportPhase();
        }
    }

    private void reportPhase() {
        around.reporter.plan(around.plan.with(caches).status(phases.state().index()));
    }

    private boolean evaluationDue() {
        Integer every = spec.evaluateEvery();
        return step == 0 || step == samples.totalSteps() || (every != null && step % every == 0);
    }

    private void stopIfAsked() {
        if (around.stop.requested()) {
            throw stopped();
        }
    }

    /** What ends a run that was told to stop, with its last completed step in a checkpoint. */
    private StoppedException stopped() {
        if (savedStep != step || savedEvaluatedStep != evaluatedStep) {
            save();
        }
        return new StoppedException(step);
    }

    private void save() {
        TrainingState state = new TrainingState(
                runDigest,
                step,
                evaluatedStep,
                board.entries(),
                phases.state(),
                adaptive.state(),
                reached,
                model.ops().linearKernel(),
                threads);
        long began = System.nanoTime();
        Path folder = withRoom(() -> around.checkpoints.save(model.ops(), state, model.state()));
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        around.metrics.checkpointWritten();
        savedStep = step;
        savedEvaluatedStep = evaluatedStep;
        selection.prune(board);
        around.log.line("checkpoint of step " + step + " in " + folder);
        around.reporter.checkpoint(status(folder, took.toSeconds() + 1));
    }

    /** The real place: on one machine the trainer sees its scratch through a link that goes away with the pod. */
    private CheckpointStatus status(Path folder, @Nullable Long seconds) {
        try {
            String uri = folder.toRealPath().toUri().toString();
            return new CheckpointStatus(step, uri, around.clock.instant().toString(), seconds);
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    private void take(Executor executor, StepBatches.Step prepared, MetricsLog metrics, PrefixCaching begun) {
        OptimizerStep taken = OptimizerStep.take(
                        model,
                        executor,
                        prepared,
                        step + 1,
                        part -> schedule.factor(step) * adaptive.factor(part),
                        around.stop::requested)
                .orElseThrow(this::stopped);
        reached.addAll(taken.norms().byTensor().keySet());
        step++;
        throughput.add(prepared.samples(), taken.tokens(), taken.seconds());
        metrics.add(new MetricsLog.Step(
                step,
                samples.epoch(step),
                phases.phase().name(),
                taken.loss(),
                taken.norms().total(),
                model.groups().byPart(taken.norms().byTensor()),
                taken.rates(),
                prepared.samples(),
                taken.tokens(),
                taken.seconds(),
                PeakMemory.bytes(),
                begun.statistics().orElse(null)));
        around.reporter.progress(progress(taken));
    }

    private ProgressStatus progress(OptimizerStep taken) {
        long total = samples.totalSteps();
        double rate =
                taken.rates().values().stream().mapToDouble(one -> one).max().orElse(0);
        return new ProgressStatus(
                (int) Math.min(99, 100 * step / total),
                step,
                total,
                decimal("%.2f", samples.epoch(step)),
                decimal("%.4f", taken.loss()),
                decimal("%.2e", rate),
                decimal("%.1f", throughput.samplesPerSecond()),
                decimal("%.1f", throughput.tokensPerSecond()),
                throughput.estimate(total - step),
                PeakMemory.bytes());
    }

    private static String decimal(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    private void evaluate(MetricsLog metrics) {
        around.reporter.state(TrainerState.Evaluating);
        List<MetricsLog.Evaluation> made = new ArrayList<>();
        for (Map.Entry<String, Dataset> set : data.evaluation().entrySet()) {
            Optional<MetricsLog.Evaluation> evaluation = evaluate(set.getKey(), set.getValue());
            stopIfAsked();
            made.add(evaluation.orElseThrow());
        }
        // All sets or none: a resumed run evaluates a step again from the first set.
        for (MetricsLog.Evaluation evaluation : made) {
            metrics.add(evaluation);
            board.add(evaluation.evaluation() + "/loss", evaluation.loss(), step);
            board.add(evaluation.evaluation() + "/accuracy", evaluation.accuracy(), step);
            around.log.line("step %d: %s loss %.4f, accuracy %.4f"
                    .formatted(step, evaluation.evaluation(), evaluation.loss(), evaluation.accuracy()));
        }
        evaluatedStep = step;
        withRoom(() -> selection.evaluated(model, board, step));
        phases.evaluated(board.entries());
        adaptive.evaluated(board.entries()).ifPresent(words -> around.log.line("step " + step + ": " + words));
        around.reporter.metrics(board.status());
    }

    /** Empty if the run is to stop. */
    private Optional<MetricsLog.Evaluation> evaluate(String set, Dataset samplesOfSet) {
        long begun = System.nanoTime();
        Evaluator evaluator =
                new Evaluator(model.ops(), model.planned().blueprint(), model.executor(), spec.batchSize());
        Optional<Evaluator.Result> result = evaluator.run(samplesOfSet, around.stop::requested, done -> {});
        return result.map(measured -> {
            Evaluator.requireFinite(set, step, measured);
            return new MetricsLog.Evaluation(
                    set,
                    step,
                    samples.epoch(step),
                    measured.loss(),
                    measured.accuracy(),
                    measured.samples(),
                    measured.tokens(),
                    (System.nanoTime() - begun) / 1e9);
        });
    }
}
