package io.vlfinetune.operator;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.DataFormat;
import io.vlfinetune.api.DataSpec;
import io.vlfinetune.api.DataStatus;
import io.vlfinetune.api.EvaluationSource;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.LifecycleSpec;
import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.ModelSpec;
import io.vlfinetune.api.ModelStatus;
import io.vlfinetune.api.OutputSpec;
import io.vlfinetune.api.OutputStatus;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.api.ResourcesSpec;
import io.vlfinetune.api.SchedulingSpec;
import io.vlfinetune.api.ScratchSpec;
import io.vlfinetune.api.TrainingSource;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Runs, reports and last words for tests. */
public final class Samples {
    public static final OperatorConfiguration CONFIGURATION = new OperatorConfiguration(
            Set.of(),
            URI.create("https://api.example:6443/"),
            "registry.example/trainer:1",
            false,
            Duration.ofSeconds(10),
            "vlfinetune-trainer",
            Duration.ofSeconds(15));

    /** Trainers that cannot report. */
    public static final OperatorConfiguration WITHOUT_CHANNEL = new OperatorConfiguration(
            CONFIGURATION.namespaces(), null, "image", false, Duration.ofSeconds(10), null, Duration.ofSeconds(15));

    private Samples() {}

    /** A spec with other resources and another life. */
    public static VLFineTuneSpec with(VLFineTuneSpec spec, ResourcesSpec resources, LifecycleSpec lifecycle) {
        return new VLFineTuneSpec(
                spec.model(),
                spec.data(),
                spec.freeze(),
                spec.training(),
                spec.output(),
                resources,
                spec.scheduling(),
                lifecycle,
                spec.managedBy());
    }

    public static VLFineTune run(VLFineTuneSpec spec) {
        VLFineTune run = new VLFineTune();
        run.setMetadata(new ObjectMetaBuilder()
                .withName("digits")
                .withNamespace("team")
                .withUid("11111111-2222-3333-4444-555555555555")
                .withGeneration(1L)
                .build());
        run.setSpec(spec);
        return run;
    }

    public static VLFineTuneSpec spec() {
        return spec("pvc://models/base", new ScratchSpec("10Gi", "fast", null), 3);
    }

    public static VLFineTuneSpec spec(String model, ScratchSpec scratch, int maxRestarts) {
        TrainingSpec training = new TrainingSpec(
                null, 200, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
                null, null);
        return new VLFineTuneSpec(
                new ModelSpec(model),
                new DataSpec(
                        List.of(new TrainingSource("pvc://datasets/digits/train.jsonl", DataFormat.Auto)),
                        List.of(new EvaluationSource("in-domain", "pvc://datasets/digits/test.jsonl", DataFormat.Auto)),
                        "pvc://datasets/digits",
                        null),
                new FreezeSpec(true, false, true, List.of()),
                training,
                new OutputSpec("pvc://models/tuned"),
                new ResourcesSpec(1, null, "4", "16Gi", scratch),
                new SchedulingSpec(null, null, Map.of("pool", "gpu"), null, "high", null, null, null),
                new LifecycleSpec(null, null, maxRestarts, null, null, null, null, null),
                null);
    }

    public static ProgressReport report(int attempt, long sequence, TrainerState state, int percent) {
        return report(attempt, sequence, state, percent, null, null);
    }

    public static ProgressReport report(
            int attempt, long sequence, TrainerState state, int percent, Long checkpointStep, LastWord lastWord) {
        long step = percent * 2L;
        ProgressStatus progress =
                new ProgressStatus(percent, step, 200L, "0.5", "0.4312", "1e-5", "12.34", "456", 310L, 1L << 30);
        PlanStatus plan = new PlanStatus(
                "sha256:plan",
                3_754_622_976L,
                36_715_520L,
                "0.98",
                List.of(
                        new PartStatus(Part.VisionTower, 600L, 0L, "0-31", null),
                        new PartStatus(Part.Projector, 36_715_520L, 36_715_520L, null, "1e-5")));
        return new ProgressReport(
                attempt,
                sequence,
                "2026-01-01T00:00:00Z",
                state,
                attempt > 1 ? 40L : null,
                new ModelStatus("Llava", "sha256:model"),
                new DataStatus(1500),
                plan,
                progress,
                List.of(
                        new MetricStatus("in-domain/loss", "0.2", 80L, "0.2", 80L, "2.1"),
                        new MetricStatus("in-domain/accuracy", "0.962", 80L, "0.962", 80L, "0.192")),
                checkpointStep == null ? null : checkpoint(checkpointStep),
                lastWord);
    }

    public static CheckpointStatus checkpoint(long step) {
        return new CheckpointStatus(step, "scratch/checkpoint-" + step, "2026-01-01T00:00:00Z", 100L);
    }

    public static LastWord success(int attempt) {
        return success(attempt, 612, 612);
    }

    public static LastWord success(int attempt, int frozen, int verified) {
        return new LastWord(
                attempt,
                LastWord.Outcome.Succeeded,
                null,
                "done",
                200L,
                checkpoint(200),
                new OutputStatus("pvc://models/tuned", "sha256:output", 1000L),
                new ProofStatus(frozen, verified, 4, List.of(), List.of()),
                null);
    }

    public static LastWord planned(int attempt) {
        return new LastWord(
                attempt, LastWord.Outcome.Planned, null, "the plan is resolved", 0L, null, null, null, null);
    }

    public static LastWord failure(int attempt, Reason reason, String message) {
        return new LastWord(
                attempt, LastWord.Outcome.Failed, reason, message, 50L, null, null, null, "last line of the log");
    }

    public static LastWord stopped(int attempt) {
        return new LastWord(
                attempt, LastWord.Outcome.Stopped, null, "stopped at step 50", 50L, checkpoint(50), null, null, null);
    }
}
