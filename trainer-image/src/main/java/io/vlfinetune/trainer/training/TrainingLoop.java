package io.vlfinetune.trainer.training;

import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.EarlyStoppingSpec;
import io.vlfinetune.api.OutputSelection;
import io.vlfinetune.api.OutputSpec;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.Versions;
import io.vlfinetune.trainer.checkpoint.BestModel;
import io.vlfinetune.trainer.checkpoint.CheckpointStore;
import io.vlfinetune.trainer.checkpoint.TrainingState;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Prefetcher;
import io.vlfinetune.trainer.engine.PeakMemory;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.optimize.LearningRateSchedule;
import io.vlfinetune.trainer.optimize.Rate;
import io.vlfinetune.trainer.report.MetricsLog;
import io.vlfinetune.trainer.report.ProgressReporter;
import io.vlfinetune.trainer.report.RunLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Takes the optimizer steps of a run, evaluates and writes checkpoints between them. */
public final class TrainingLoop {
    /**
     * What the loop works with and tells.
     *
     * @param checkpoints where checkpoints go
     * @param best where the best model so far is kept
     * @param reporter told of progress
     * @param log told in words
     * @param stop asked between pieces of work
     * @param clock for time stamps
     */
    public record Surroundings(
            CheckpointStore checkpoints,
            BestModel best,
            ProgressReporter reporter,
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
    private final OutputSpec output;
    private final Surroundings around;
    private final String runDigest;
    private final int threads;
    private final StepSamples samples;
    private final LearningRateSchedule schedule;
    private final double peakRate;
    private final double weightDecay;
    private final Throughput throughput = new Throughput();
    private final Set<String> reached = new TreeSet<>();
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
        this.output = output;
        this.around = around;
        this.runDigest = runDigest;
        this.threads = threads;
        samples = StepSamples.of(spec, data.train().size());
        schedule = LearningRateSchedule.of(spec.schedule(), samples.totalSteps());
        peakRate = Double.parseDouble(spec.learningRate());
        weightDecay = Double.parseDouble(spec.weightDecay());
    }

    /** Goes on from a checkpoint. */
    void resume(CheckpointStore.Saved saved) {
        TrainingState state = saved.state();
        model.restore(saved.tensors());
        step = state.step();
        savedStep = step;
        evaluatedStep = state.evaluatedStep();
        savedEvaluatedStep = evaluatedStep;
        board = new MetricBoard(state.metrics());
        reached.addAll(state.reached());
        if (state.threads() != threads) {
            around.log.line("the checkpoint was made with " + state.threads() + " threads, now there are " + threads
                    + ": the last bits of the result may differ from an uninterrupted run");
        }
        around.reporter.resumed(step);
        around.reporter.checkpoint(status(saved.folder()));
        around.reporter.metrics(board.status());
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

    /**
     * Trains to the last step.
     *
     * @param scratch where what frozen layers make may be stored
     * @throws StoppedException when told to stop, after a checkpoint
     * @throws TrainerException Diverged, when loss or gradients are no longer finite
     */
    void run(MetricsLog metrics, Path scratch) {
        if (evaluationDue() && evaluatedStep != step) {
            evaluate(metrics);
        }
        around.reporter.state(TrainerState.Training);
        double passes = samples.epoch(samples.totalSteps()) - samples.epoch(step);
        PrefixCaching.Place place =
                new PrefixCaching.Place(scratch.resolve("prefix-cache"), threads, Versions.all(), around.log);
        try (PrefixCaching caching = PrefixCaching.begin(model, model.executor(), data.train(), spec, passes, place);
                Prefetcher batches = new Prefetcher(caching.samples(), samples.from(step), 1, 2)) {
            Executor executor = model.executor(LoadedModel.recompute(spec.recompute()), caching.store());
            while (step < samples.totalSteps() && !exhausted()) {
                stopIfAsked();
                take(executor, batches.next(), metrics);
                if (evaluationDue()) {
                    evaluate(metrics);
                    around.reporter.state(TrainerState.Training);
                }
                Integer every = spec.checkpointEvery();
                if (step == samples.totalSteps() || exhausted() || (every != null && step % every == 0)) {
                    save();
                }
            }
            caching.drop();
        }
    }

    /** Whether the metric of early stopping has not become better for as many evaluations as patience allows. */
    private boolean exhausted() {
        EarlyStoppingSpec stopping = spec.earlyStopping();
        Integer every = spec.evaluateEvery();
        if (stopping == null || every == null) {
            return false;
        }
        MetricBoard.Entry entry = board.entries().get(stopping.metric());
        return entry != null && (entry.step() - entry.bestStep()) / every >= stopping.patience();
    }

    /** How the loop came to its end. */
    String ending() {
        EarlyStoppingSpec stopping = spec.earlyStopping();
        if (stopping == null || step == samples.totalSteps()) {
            return "trained " + step + " steps";
        }
        MetricBoard.Entry entry = Objects.requireNonNull(board.entries().get(stopping.metric()));
        return "stopped early at step %d of %d, since %s was best at step %d (%.4f)"
                .formatted(step, samples.totalSteps(), stopping.metric(), entry.bestStep(), entry.best());
    }

    /** Puts the best model so far in the place of the last one, if that was asked for; says which step it is of. */
    long select() {
        String metric = output.metric();
        if (output.select() != OutputSelection.Best || metric == null) {
            return step;
        }
        long best = Objects.requireNonNull(board.entries().get(metric)).bestStep();
        if (best != step) {
            model.restoreMasters(around.best.file(best));
        }
        return best;
    }

    private boolean evaluationDue() {
        Integer every = spec.evaluateEvery();
        return step == 0 || step == samples.totalSteps() || (every != null && step % every == 0);
    }

    private void stopIfAsked() {
        if (around.stop.requested()) {
            if (savedStep != step || savedEvaluatedStep != evaluatedStep) {
                save();
            }
            throw new StoppedException(step);
        }
    }

    private void save() {
        TrainingState state = new TrainingState(
                runDigest,
                step,
                evaluatedStep,
                board.entries(),
                reached,
                model.ops().linearKernel(),
                threads);
        Path folder = around.checkpoints.save(model.ops(), state, model.state());
        savedStep = step;
        savedEvaluatedStep = evaluatedStep;
        pruneBest();
        around.log.line("checkpoint of step " + step + " in " + folder);
        around.reporter.checkpoint(status(folder));
    }

    private void pruneBest() {
        String metric = output.metric();
        if (metric != null) {
            Set<Long> steps = new TreeSet<>();
            List<TrainingState> states = new ArrayList<>(around.checkpoints.states());
            states.forEach(state ->
                    Optional.ofNullable(state.metrics().get(metric)).ifPresent(entry -> steps.add(entry.bestStep())));
            Optional.ofNullable(board.entries().get(metric)).ifPresent(entry -> steps.add(entry.bestStep()));
            around.best.keep(steps);
        }
    }

    /** The real place: on one machine the trainer sees its scratch through a link that goes away with the pod. */
    private CheckpointStatus status(Path folder) {
        try {
            String uri = folder.toRealPath().toUri().toString();
            return new CheckpointStatus(step, uri, around.clock.instant().toString());
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    private void take(Executor executor, List<EncodedSample> stepSamples, MetricsLog metrics) {
        long begun = System.nanoTime();
        double rate = peakRate * schedule.factor(step);
        double loss = 0;
        double norm;
        long tokens = 0;
        try (Gradients gradients = new Gradients(model.ops())) {
            long targets = targets(stepSamples);
            for (int at = 0; at < stepSamples.size(); at += spec.batchSize()) {
                List<EncodedSample> part = stepSamples.subList(at, Math.min(stepSamples.size(), at + spec.batchSize()));
                tokens += part.stream()
                        .mapToLong(sample -> sample.inputIds().length)
                        .sum();
                try (Batch batch = batch(part)) {
                    loss += executor.step(batch, targets, gradients);
                }
            }
            requireFinite("loss", loss);
            norm = model.optimizer().step(gradients.byTensor(), name -> new Rate(rate, decay(name)));
            requireFinite("gradient norm", norm);
            reached.addAll(gradients.byTensor().keySet());
        }
        step++;
        double seconds = (System.nanoTime() - begun) / 1e9;
        throughput.add(stepSamples.size(), tokens, seconds);
        metrics.add(new MetricsLog.Step(
                step,
                samples.epoch(step),
                loss,
                norm,
                rates(rate),
                stepSamples.size(),
                tokens,
                seconds,
                PeakMemory.bytes()));
        around.reporter.progress(progress(loss, rate));
    }

    private Batch batch(List<EncodedSample> part) {
        return Batch.of(
                model.ops(),
                part,
                model.planned().blueprint().padToken(),
                model.planned().blueprint().imageToken());
    }

    /** Target tokens of a step: the first token of a sample is never predicted. */
    private static long targets(List<EncodedSample> stepSamples) {
        long targets = 0;
        for (EncodedSample sample : stepSamples) {
            for (int at = 1; at < sample.labels().length; at++) {
                targets += sample.labels()[at] == Batch.NO_LOSS ? 0 : 1;
            }
        }
        return targets;
    }

    private double decay(String tensor) {
        return model.planned().blueprint().undecayedTensors().contains(tensor) ? 0 : weightDecay;
    }

    private Map<Part, Double> rates(double rate) {
        Map<Part, Double> rates = new EnumMap<>(Part.class);
        for (Part part : Part.values()) {
            if (model.planned().plan().trains(part)) {
                rates.put(part, rate);
            }
        }
        return rates;
    }

    /** The loss of the last step was taken before its update, so that only an evaluation sees what became of it. */
    private void requireFinite(String set, Evaluator.Result measured) {
        if (!Double.isFinite(measured.loss())) {
            throw new TrainerException(
                    Reason.Diverged,
                    "step " + step + ": the loss of evaluation set " + set + " is " + measured.loss()
                            + (step == 0
                                    ? " before any training; the base model is broken"
                                    : ". Lower spec.training.learningRate or lengthen the warm-up"));
        }
    }

    private void requireFinite(String what, double value) {
        if (!Double.isFinite(value)) {
            throw new TrainerException(
                    Reason.Diverged,
                    "step " + (step + 1) + ": the " + what + " is " + value
                            + "; nothing of this step was applied. Lower spec.training.learningRate or lengthen the warm-up");
        }
    }

    private ProgressStatus progress(double loss, double rate) {
        long total = samples.totalSteps();
        return new ProgressStatus(
                (int) Math.min(99, 100 * step / total),
                step,
                total,
                decimal("%.2f", samples.epoch(step)),
                decimal("%.4f", loss),
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
        Evaluator evaluator =
                new Evaluator(model.ops(), model.planned().blueprint(), model.executor(), spec.batchSize());
        List<MetricsLog.Evaluation> made = new ArrayList<>();
        for (Map.Entry<String, Dataset> set : data.evaluation().entrySet()) {
            long begun = System.nanoTime();
            Optional<Evaluator.Result> result = evaluator.run(set.getValue(), around.stop::requested, done -> {});
            stopIfAsked();
            Evaluator.Result measured = result.orElseThrow();
            requireFinite(set.getKey(), measured);
            made.add(new MetricsLog.Evaluation(
                    set.getKey(),
                    step,
                    samples.epoch(step),
                    measured.loss(),
                    measured.accuracy(),
                    measured.samples(),
                    measured.tokens(),
                    (System.nanoTime() - begun) / 1e9));
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
        String metric = output.metric();
        if (output.select() == OutputSelection.Best && metric != null && board.best(metric, step)) {
            around.best.save(model.ops(), step, model.masters());
            // A run without checkpoints would otherwise keep every model that was ever the best.
            pruneBest();
        }
        around.reporter.metrics(board.status());
    }
}
