package io.vlfinetune.cli.report;

import io.vlfinetune.api.FailureStatus;
import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.Precision;
import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.api.Role;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.freeze.PlanDocument.TensorPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs to report on. */
final class Samples {
    private Samples() {}

    /** Two vision blocks, three language blocks; the projector and half of the last language block are trained. */
    static PlanDocument plan() {
        List<TensorPlan> tensors = new ArrayList<>();
        tensors.add(tensor("patch", Role.PatchEmbedding, null, false));
        tensors.add(tensor("position", Role.VisionPosition, null, false));
        for (int layer = 0; layer < 2; layer++) {
            tensors.add(tensor("vision." + layer + ".a", Role.VisionBlock, layer, false));
            tensors.add(tensor("vision." + layer + ".b", Role.VisionBlock, layer, false));
        }
        tensors.add(tensor("vision.norm", Role.VisionNorm, null, false));
        tensors.add(tensor("projector.1", Role.Projector, null, true));
        tensors.add(tensor("projector.2", Role.Projector, null, true));
        tensors.add(tensor("embedding", Role.TokenEmbedding, null, false));
        for (int layer = 0; layer < 3; layer++) {
            tensors.add(tensor("language." + layer + ".a", Role.LanguageBlock, layer, false));
            tensors.add(tensor("language." + layer + ".b", Role.LanguageBlock, layer, layer == 2));
        }
        tensors.add(tensor("norm", Role.LanguageNorm, null, false));
        tensors.add(tensor("head", Role.OutputHead, null, false));
        long trainable = 50 * tensors.stream().filter(TensorPlan::trainable).count();
        List<PartStatus> parts = List.of(
                new PartStatus(Part.VisionTower, 350L, 0L, "0-1", null),
                new PartStatus(Part.Projector, 100L, 100L, null, "1e-3"),
                new PartStatus(Part.LanguageModel, 450L, 50L, "0-1", "1e-3"));
        return new PlanDocument("sha256:1", 50L * tensors.size(), trainable, parts, List.of(), List.of(), tensors);
    }

    private static TensorPlan tensor(String name, Role role, @Nullable Integer layer, boolean trainable) {
        return new TensorPlan(
                name,
                role,
                role.part(),
                layer,
                List.of(5L, 10L),
                "F32",
                trainable,
                "spec.freeze.rules[0]",
                trainable ? "1e-3" : null,
                null);
    }

    static RunReport succeeded(RunMetrics metrics) {
        VLFineTuneStatus status = new VLFineTuneStatus(
                1L,
                Phase.Succeeded,
                List.of(),
                1,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                List.of(new MetricStatus("test/accuracy", "0.75", 30L, "0.80", 20L, "0.50")),
                null,
                new ProofStatus(15, 15, 3, List.of(), List.of()),
                null,
                null,
                List.of());
        return report("run", true, status, plan(), metrics);
    }

    static RunReport failed(String message, String logTail) {
        VLFineTuneStatus status = new VLFineTuneStatus(
                1L,
                Phase.Failed,
                List.of(),
                1,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                List.of(),
                null,
                null,
                null,
                new FailureStatus("DataInvalid", 11, false, "pod", message, logTail),
                List.of());
        return report("run", false, status, null, RunMetrics.NONE);
    }

    static RunReport report(
            String name, boolean succeeded, VLFineTuneStatus status, @Nullable PlanDocument plan, RunMetrics metrics) {
        return new RunReport(
                name,
                succeeded,
                name + (succeeded ? " succeeded" : " failed"),
                status,
                plan,
                plan == null ? "no model there" : null,
                Precision.Float32,
                metrics,
                Duration.ofSeconds(75),
                "model:\n  source: \"file:///model\"\n",
                Map.of("java", "25"),
                "runs/" + name + "/report.html");
    }
}
