package io.vlfinetune.cli;

import io.vlfinetune.api.MemoryStatus;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.PhaseEnd;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.freeze.PlanDocument.PhasePlan;
import io.vlfinetune.trainer.freeze.PlanDocument.TensorPlan;
import io.vlfinetune.trainer.memory.MemoryPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A plan for people. */
final class PlanText {
    private PlanText() {}

    /**
     * Parts, phases, memory and warnings.
     *
     * @param limit what the pod would be given
     */
    static List<String> lines(PlanDocument plan, OptionalLong limit) {
        List<String> lines = new ArrayList<>();
        boolean several = plan.phases().size() > 1;
        for (PhasePlan phase : plan.phases()) {
            if (several) {
                lines.add("phase %s%s".formatted(phase.name(), until(phase.until())));
            }
            lines.addAll(TextTable.lines(parts(phase.parts())));
            lines.add(String.format(
                    Locale.ROOT,
                    "trains %,d of %,d parameters (%.2f %%) in %,d tensors",
                    phase.trainableParameters(),
                    plan.totalParameters(),
                    100.0 * phase.trainableParameters() / plan.totalParameters(),
                    phase.trainableTensors()));
            lines.add(memory(phase.memoryBytes(), limit));
            lines.add("");
        }
        if (several) {
            lines.add(String.format(
                    Locale.ROOT,
                    "over all phases: %,d parameters (%s %%)",
                    plan.trainableParameters(),
                    plan.trainablePercent()));
        }
        plan.warnings().forEach(warning -> lines.add("warning: " + warning));
        lines.add(plan.digest());
        return lines;
    }

    private static String until(@Nullable PhaseEnd until) {
        if (until == null) {
            return ", to the end";
        }
        if (until.steps() != null) {
            return ", " + until.steps() + " steps";
        }
        return until.epochs() != null
                ? ", " + until.epochs() + (until.epochs() == 1 ? " epoch" : " epochs")
                : until.plateau() == null ? "" : ", until " + until.plateau().metric() + " no longer gets better";
    }

    private static List<List<String>> parts(List<PartStatus> parts) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("PART", "PARAMETERS", "TRAINABLE", "FROZEN LAYERS", "LEARNING RATE"));
        for (PartStatus part : parts) {
            rows.add(List.of(
                    part.part().name(),
                    String.format(Locale.ROOT, "%,d", part.total()),
                    String.format(Locale.ROOT, "%,d", part.trainable()),
                    Objects.requireNonNullElse(part.frozenLayers(), ""),
                    Objects.requireNonNullElse(part.learningRate(), "")));
        }
        return rows;
    }

    private static String memory(@Nullable MemoryStatus memory, OptionalLong limit) {
        if (memory == null) {
            return "memory is not estimated, since the training data is not here";
        }
        return "about %s at its peak: weights %s, optimizer %s, gradients %s, activations %s, the process %s%s"
                .formatted(
                        MemoryPlan.size(memory.total()),
                        MemoryPlan.size(memory.weights()),
                        MemoryPlan.size(memory.optimizer()),
                        MemoryPlan.size(memory.gradients()),
                        MemoryPlan.size(memory.activations()),
                        MemoryPlan.size(memory.process()),
                        limit.isEmpty() || memory.total() <= limit.getAsLong()
                                ? ""
                                : "; DOES NOT FIT into spec.resources.memory, " + MemoryPlan.size(limit.getAsLong()));
    }

    /** One row a tensor. */
    static List<List<String>> tensors(PlanDocument plan) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("TENSOR", "ROLE", "LAYER", "PARAMETERS", "TRAINED", "DECIDED BY", "LEARNING RATE"));
        for (TensorPlan tensor : plan.tensors()) {
            rows.add(List.of(
                    tensor.name(),
                    tensor.role().name(),
                    tensor.layer() == null ? "" : tensor.layer().toString(),
                    String.format(Locale.ROOT, "%,d", tensor.shape().stream().reduce(1L, (a, b) -> a * b)),
                    tensor.phases() != null ? String.join(",", tensor.phases()) : tensor.trainable() ? "yes" : "frozen",
                    tensor.decidedBy(),
                    Objects.requireNonNullElse(tensor.learningRate(), "")));
        }
        return rows;
    }
}
