package io.vlfinetune.operator.conditions;

import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.contract.TrainerState;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Progress, plan and proof in one line each. */
public final class Messages {
    private Messages() {}

    /** Such as {@code step 82/200 (41 %), loss 0.431, in-domain/accuracy 0.962, 12.3 samples/s, 5m10s left}. */
    public static String progress(@Nullable ProgressStatus progress, List<MetricStatus> metrics) {
        if (progress == null) {
            return "no step taken yet";
        }
        List<String> words = new ArrayList<>();
        words.add("step " + progress.step() + "/" + progress.totalSteps() + " (" + progress.percent() + " %)");
        if (progress.loss() != null) {
            words.add("loss " + Numbers.shorten(progress.loss()));
        }
        metrics.stream()
                .filter(metric -> metric.value() != null && !metric.name().endsWith("/loss"))
                .findFirst()
                .ifPresent(metric -> words.add(metric.name() + " " + Numbers.shorten(metric.value())));
        if (progress.samplesPerSecond() != null) {
            words.add(Numbers.shorten(progress.samplesPerSecond()) + " samples/s");
        }
        if (progress.etaSeconds() != null && progress.etaSeconds() > 0) {
            words.add(Numbers.duration(progress.etaSeconds()) + " left");
        }
        return String.join(", ", words);
    }

    /** What a trainer does, in words. */
    public static String activity(TrainerState state) {
        return switch (state) {
            case Preparing -> "preparing: reading model and data";
            case Training -> "training";
            case Evaluating -> "evaluating";
            case Finishing -> "finishing: writing the output and comparing frozen tensors";
            case Ended -> "ended";
        };
    }

    /** Such as {@code trains 36,715,520 of 3,754,622,976 parameters (0.98 %): projector}. */
    public static String plan(PlanStatus plan) {
        String parts = plan.parts().stream()
                .filter(part -> part.trainable() != null && part.trainable() > 0)
                .map(Messages::part)
                .collect(Collectors.joining(", "));
        return "trains %s of %s parameters (%s %%): %s"
                .formatted(
                        Numbers.grouped(plan.trainableParameters()),
                        Numbers.grouped(plan.totalParameters()),
                        plan.trainablePercent(),
                        parts);
    }

    /** The final metrics and the proof. */
    public static String success(List<MetricStatus> metrics, @Nullable ProofStatus proof) {
        List<String> words = new ArrayList<>();
        for (MetricStatus metric : metrics) {
            if (metric.value() != null) {
                String baseline = metric.baseline() == null ? "" : " (base " + Numbers.shorten(metric.baseline()) + ")";
                words.add(metric.name() + " " + Numbers.shorten(metric.value()) + baseline);
            }
        }
        if (proof != null) {
            words.add("%d of %d frozen tensors verified unchanged, %d tensors changed"
                    .formatted(proof.verified(), proof.frozenTensors(), proof.changedTensors()));
        }
        return String.join("; ", words);
    }

    private static String part(PartStatus status) {
        String name = name(status.part());
        return status.trainable().equals(status.total()) ? name : name + " in part";
    }

    private static String name(Part part) {
        return switch (part) {
            case VisionTower -> "vision tower";
            case Projector -> "projector";
            case LanguageModel -> "language model";
        };
    }
}
