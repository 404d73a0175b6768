package io.vlfinetune.trainer;

import io.vlfinetune.api.DataStatus;
import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.ModelStatus;
import io.vlfinetune.api.OutputStatus;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.RunConfiguration;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.trainer.checkpoint.BestModel;
import io.vlfinetune.trainer.checkpoint.CheckpointStore;
import io.vlfinetune.trainer.engine.PeakMemory;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.freeze.Proof;
import io.vlfinetune.trainer.memory.MemoryPlan;
import io.vlfinetune.trainer.memory.Workload;
import io.vlfinetune.trainer.metrics.TrainerMetrics;
import io.vlfinetune.trainer.output.OutputDocument;
import io.vlfinetune.trainer.output.OutputFolder;
import io.vlfinetune.trainer.report.ProgressReporter;
import io.vlfinetune.trainer.report.RunLog;
import io.vlfinetune.trainer.source.Folders;
import io.vlfinetune.trainer.source.SourceFolder;
import io.vlfinetune.trainer.source.Sources;
import io.vlfinetune.trainer.training.StepSamples;
import io.vlfinetune.trainer.training.StopSignal;
import io.vlfinetune.trainer.training.Training;
import io.vlfinetune.trainer.training.TrainingLoop;
import io.vlfinetune.trainer.weights.Safetensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** One attempt of a run: plan, train, prove, commit. */
final class TrainingRun {
    private final RunConfiguration run;
    private final RunOptions options;
    private final ProgressReporter reporter;
    private final TrainerMetrics metrics;
    private final RunLog log;
    private final StopSignal stop;
    private final Clock clock;
    private final Sources sources;
    private final OutputFolder output;
    private final SourceFolder model;

    TrainingRun(RunConfiguration run, RunOptions options, Talk talk, StopSignal stop, Clock clock) {
        this.run = run;
        this.options = options;
        reporter = talk.reporter();
        metrics = talk.metrics();
        log = talk.log();
        this.stop = stop;
        this.clock = clock;
        sources = new Sources(options.root(), run.mounts());
        output = new OutputFolder(destination(), run.uid(), run.attempt());
        model = sources.folder(run.model().source(), "spec.model.source");
    }

    private Path destination() {
        String field = "spec.output.destination";
        Path path = sources.resolve(run.output().destination(), field);
        boolean mount = run.mounts().values().stream()
                .anyMatch(claim -> path.equals(options.root().resolve(claim).normalize()));
        if (mount || path.getFileName() == null) {
            throw new TrainerException(
                    Reason.InvalidSpec,
                    field + ": " + run.output().destination()
                            + " is the root of a volume; name a folder in it, which is made at the end");
        }
        return path;
    }

    /**
     * Carries the run out.
     *
     * @return the last word of a success
     * @throws TrainerException with the reason of a failure
     * @throws io.vlfinetune.trainer.training.StoppedException when told to stop, after a checkpoint
     */
    LastWord execute() {
        try (PlannedModel planned = PlannedModel.open(model.path(), run.freeze());
                DataSets sets = DataSets.of(planned, run.data().maxLength())) {
            RunChecks checks = new RunChecks(run, log);
            checks.requireMetrics();
            PlanDocument plan = planned.document(run.training());
            log.line(String.format(
                    Locale.ROOT,
                    "trains %,d of %,d parameters (%s %%)",
                    plan.trainableParameters(),
                    plan.totalParameters(),
                    plan.trainablePercent()));
            plan.warnings().forEach(warning -> log.line("warning: " + warning));
            TrainingLoop.Data data = sets.open(run.data(), sources);
            checks.requirePhases(
                    planned.phases(),
                    StepSamples.of(run.training(), data.train().size()));
            Workload workload = Workload.of(
                    data.train(),
                    data.evaluation().values(),
                    planned.blueprint(),
                    run.training().batchSize());
            MemoryPlan memory = MemoryPlan.of(
                    planned.blueprint(), planned.phases(), run.training(), workload, options.memoryLimit());
            PlanDocument document = plan.with(memory.estimates());
            String weights = RunDigest.weights(
                    planned.checkpoint().files().stream().map(Safetensors::file).toList());
            ModelStatus base = new ModelStatus(planned.family().name(), weights);
            reporter.prepared(base, new DataStatus(data.train().size()), document.status(0));
            if (run.planOnly()) {
                return planned(document, memory);
            }
            String digest = RunDigest.of(run, model.path(), weights, DataSets.files(run.data(), sources), data);
            Optional<OutputDocument> committed = output.committed(digest);
            if (committed.isPresent()) {
                return alreadyComplete(committed.get());
            }
            log.line("estimated peak memory " + MemoryPlan.size(memory.total()));
            memory.requireFits(
                    planned.blueprint(),
                    planned.phases(),
                    run.freeze(),
                    run.training(),
                    workload,
                    options.memoryLimit());
            workload.requireHeap(Runtime.getRuntime().maxMemory());
            output.requireWritable();
            output.ofOthers()
                    .forEach(other -> log.line(
                            "warning: " + other + " is of another run; remove it if that is no longer at work"));
            return train(planned, data, digest, base, document, memory);
        }
    }

    /** The end of a run that asked for its plan alone: the engine was not loaded and nothing was written. */
    private LastWord planned(PlanDocument plan, MemoryPlan memory) {
        String message = String.format(
                Locale.ROOT,
                "planned: trains %,d of %,d parameters (%s %%), estimated peak memory %s",
                plan.trainableParameters(),
                plan.totalParameters(),
                plan.trainablePercent(),
                MemoryPlan.size(memory.total()));
        log.line(message);
        return new LastWord(run.attempt(), LastWord.Outcome.Planned, null, message, 0L, null, null, null, null);
    }

    private LastWord alreadyComplete(OutputDocument document) {
        log.line("already complete: " + output.destination());
        return finished(document, "already complete: " + output.destination() + " was committed by an earlier attempt");
    }

    private LastWord train(
            PlannedModel planned,
            TrainingLoop.Data data,
            String digest,
            ModelStatus base,
            PlanDocument document,
            MemoryPlan memory) {
        // A digest of the run in the path keeps what an earlier declaration left out of the way.
        String declaration = digest.substring("sha256:".length(), 23);
        Path checkpoints = options.scratch().resolve("checkpoints").resolve(declaration);
        Path metricsFile =
                options.scratch().resolve("metrics").resolve(declaration).resolve("metrics.jsonl");
        showMetrics(metricsFile);
        TrainingLoop.Surroundings around = new TrainingLoop.Surroundings(
                document,
                memory,
                new CheckpointStore(checkpoints, run.training().keepCheckpoints(), log),
                new BestModel(checkpoints),
                options.scratch(),
                reporter,
                metrics,
                log,
                stop,
                clock);
        Training training = new Training(
                planned, data, run.training(), run.output(), around, digest, options.threads(), metricsFile);
        return training.run(trained -> {
            reporter.state(TrainerState.Finishing);
            StorableWeights.require(planned, trained);
            output.write(planned.checkpoint(), planned.plan(), trained.weights(), model);
            Proof proof = output.prove(planned.checkpoint(), planned.plan(), trained.reached());
            requireHolds(proof);
            OutputDocument made =
                    output.commit(document(digest, base, data, trained, proof, document, planned), metricsFile);
            memory.beside(PeakMemory.bytes()).ifPresent(log::line);
            return finished(
                    made,
                    trained.ending()
                            + (trained.selected() == trained.steps()
                                    ? ""
                                    : "; the model of step " + trained.selected() + " is written, the best by "
                                            + run.output().metric()));
        });
    }

    /** Those of the declaration at hand have a place that can be named without its digest. */
    private void showMetrics(Path file) {
        Path shown = options.scratch().resolve(file.getFileName());
        try {
            Files.createDirectories(options.scratch());
            Folders.link(shown, file);
        } catch (IOException | UnsupportedOperationException problem) {
            log.line(shown + " cannot be made a link: metrics are in " + file + " (" + problem.getMessage() + ")");
        }
    }

    private void requireHolds(Proof proof) {
        if (!proof.leaked().isEmpty()) {
            output.discard();
            throw new TrainerException(
                    Reason.FrozenTensorChanged,
                    "%d of %d frozen tensors differ from the base model, the first is %s; no output was written"
                            .formatted(
                                    proof.leaked().size(),
                                    proof.frozenTensors(),
                                    proof.leaked().getFirst()));
        }
    }

    private OutputDocument document(
            String digest,
            ModelStatus base,
            TrainingLoop.Data data,
            Training.Trained trained,
            Proof proof,
            PlanDocument plan,
            PlannedModel planned) {
        List<Path> files = planned.checkpoint().files().stream()
                .map(file -> output.unfinished().resolve(file.file().getFileName()))
                .toList();
        return new OutputDocument(
                OutputDocument.FORMAT_VERSION,
                digest,
                Map.of("namespace", run.namespace(), "name", run.name(), "uid", run.uid()),
                base,
                trained.steps(),
                trained.selected(),
                data.train().size(),
                trained.metrics(),
                proof,
                RunDigest.weights(files),
                files.stream().mapToLong(TrainingRun::size).sum(),
                PeakMemory.bytes(),
                Versions.all(),
                plan);
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    private LastWord finished(OutputDocument document, String how) {
        ProgressStatus last = reporter.progress();
        reporter.progress(new ProgressStatus(
                100,
                document.steps(),
                document.steps(),
                last == null ? null : last.epoch(),
                last == null ? null : last.loss(),
                last == null ? null : last.learningRate(),
                last == null ? null : last.samplesPerSecond(),
                last == null ? null : last.tokensPerSecond(),
                0L,
                last == null ? null : last.peakMemoryBytes()));
        reporter.metrics(document.metrics());
        Proof proof = document.proof();
        String message = how + "; " + metrics(document.metrics()) + "proof: "
                + (proof.frozenTensors() - proof.leaked().size()) + " of " + proof.frozenTensors()
                + " frozen tensors are bit-identical, " + proof.changed().size() + " changed"
                + (proof.unused().isEmpty() ? "" : ", " + proof.unused().size() + " unused");
        log.line(message);
        return new LastWord(
                run.attempt(),
                LastWord.Outcome.Succeeded,
                null,
                message,
                document.steps(),
                reporter.checkpoint(),
                new OutputStatus(run.output().destination(), document.weightsDigest(), document.weightsBytes()),
                proof.status(),
                null);
    }

    private static String metrics(List<MetricStatus> metrics) {
        StringBuilder text = new StringBuilder();
        metrics.stream()
                .filter(metric -> metric.name().endsWith("/accuracy"))
                .forEach(metric -> text.append(metric.name())
                        .append(' ')
                        .append(metric.value())
                        .append(", "));
        return text.toString();
    }
}
