package io.vlfinetune.trainer.memory;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.MemoryStatus;
import io.vlfinetune.api.Precision;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.freeze.PhasedPlan;
import io.vlfinetune.trainer.model.Recompute;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What each phase of a run will need, and whether it runs layers again to need less.
 *
 * @param phases one for each, in their order
 */
public record MemoryPlan(List<PhaseMemory> phases) {
    private static final double MEBIBYTE = 1L << 20;
    private static final double GIBIBYTE = 1L << 30;

    /**
     * A phase.
     *
     * @param name of the phase
     * @param estimate its peak
     * @param recompute whether layers run again in the backward pass
     */
    public record PhaseMemory(String name, MemoryStatus estimate, boolean recompute) {}

    /** Copies the list. */
    public MemoryPlan {
        phases = List.copyOf(phases);
    }

    /**
     * Estimates every phase. With recompute Auto a phase runs layers again if it fits the limit so and not otherwise.
     *
     * @param limit what the process may have
     */
    public static MemoryPlan of(
            Blueprint blueprint, PhasedPlan plan, TrainingSpec training, Workload workload, OptionalLong limit) {
        List<PhaseMemory> phases = new ArrayList<>();
        for (int i = 0; i < plan.phases().size(); i++) {
            FreezePlan phase = plan.phases().get(i).plan();
            FreezePlan before = new PhasedPlan(plan.phases().subList(0, i + 1)).whole();
            MemoryStatus kept = estimate(blueprint, training, false).of(phase, before, workload);
            MemoryStatus again = estimate(blueprint, training, true).of(phase, before, workload);
            boolean recompute = switch (training.recompute()) {
                case Always -> true;
                case Never -> false;
                case Auto -> limit.isPresent() && kept.total() > limit.getAsLong() && again.total() < kept.total();
            };
            phases.add(new PhaseMemory(plan.phases().get(i).name(), recompute ? again : kept, recompute));
        }
        return new MemoryPlan(phases);
    }

    private static MemoryEstimate estimate(Blueprint blueprint, TrainingSpec training, boolean recompute) {
        DType precision = training.precision() == Precision.BFloat16 ? DType.BF16 : DType.F32;
        return new MemoryEstimate(blueprint, precision, training.gradientAccumulation() > 1, recompute);
    }

    /** What a phase runs again. */
    public Recompute recompute(int phase) {
        return phases.get(phase).recompute ? new Recompute.All() : new Recompute.None();
    }

    /** The estimates alone. */
    public List<MemoryStatus> estimates() {
        return phases.stream().map(PhaseMemory::estimate).toList();
    }

    /** The phase with the highest peak. */
    private PhaseMemory largest() {
        PhaseMemory largest = phases.getFirst();
        for (PhaseMemory phase : phases) {
            largest = phase.estimate.total() > largest.estimate.total() ? phase : largest;
        }
        return largest;
    }

    /** The highest peak of all phases. */
    public long total() {
        return largest().estimate.total();
    }

    /**
     * Refuses a plan that cannot fit.
     *
     * @throws TrainerException DoesNotFit, with the estimate, the limit and what would fit
     */
    public void requireFits(
            Blueprint blueprint,
            PhasedPlan plan,
            FreezeSpec freeze,
            TrainingSpec training,
            Workload workload,
            OptionalLong limit) {
        if (limit.isEmpty() || total() <= limit.getAsLong()) {
            return;
        }
        List<String> fitting = new Advice(blueprint, plan, freeze, training, workload, limit.getAsLong()).fitting();
        MemoryStatus estimate = largest().estimate;
        throw new TrainerException(
                Reason.DoesNotFit,
                "%sthe plan needs about %s at its peak (weights %s, optimizer %s, gradients %s, activations %s), but the pod has %s; %s"
                        .formatted(
                                phases.size() == 1 ? "" : "phase " + largest().name + ": ",
                                size(estimate.total()),
                                size(estimate.weights()),
                                size(estimate.optimizer()),
                                size(estimate.gradients()),
                                size(estimate.activations()),
                                size(limit.getAsLong()),
                                fitting.isEmpty()
                                        ? "no smaller batch and no freeze would do; give spec.resources.memory at least "
                                                + size(estimate.total())
                                        : "what would fit: " + String.join("; or ", fitting)));
    }

    /** Bytes in words. */
    public static String size(long bytes) {
        return bytes < GIBIBYTE
                ? String.format(Locale.ROOT, "%.0f MiB", bytes / MEBIBYTE)
                : String.format(Locale.ROOT, "%.2f GiB", bytes / GIBIBYTE);
    }

    /** Both peaks, of a run that came to its end. */
    public Optional<String> beside(long measured) {
        return measured <= 0
                ? Optional.empty()
                : Optional.of("peak memory %s, estimated %s".formatted(size(measured), size(total())));
    }
}
