package io.vlfinetune.trainer.freeze;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.vlfinetune.api.MemoryStatus;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.PhaseEnd;
import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.api.Role;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A freeze plan written out for people, scripts and the output folder.
 *
 * @param digest SHA-256 over every tensor's name, role, shape and type, and its switch and learning rate in every phase
 * @param totalParameters parameters of the model
 * @param trainableParameters parameters that are trained in some phase
 * @param parts the plan of the whole run, part by part: frozen is what is frozen in every phase
 * @param phases what each phase trains, one for a run without phases
 * @param warnings what the declaration says to no effect, by field
 * @param tensors the plan tensor by tensor
 */
@JsonPropertyOrder({"digest", "totalParameters", "trainableParameters", "parts", "phases", "warnings", "tensors"})
public record PlanDocument(
        String digest,
        long totalParameters,
        long trainableParameters,
        List<PartStatus> parts,
        List<PhasePlan> phases,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> warnings,
        List<TensorPlan> tensors) {
    /** Keeps copies of the lists. JSON leaves out warnings where there are none. */
    public PlanDocument {
        parts = List.copyOf(parts);
        phases = List.copyOf(phases);
        warnings = List.copyOf(Objects.requireNonNullElse(warnings, List.of()));
        tensors = List.copyOf(tensors);
    }

    /**
     * What one phase trains.
     *
     * @param name name of the phase
     * @param until when the next one begins; absent in the last one
     * @param trainableParameters parameters that are trained in it
     * @param trainableTensors tensors that are trained in it
     * @param parts the phase's plan part by part
     * @param memoryBytes estimated peak memory; absent where it was not estimated
     * @param prefixCache what is stored of frozen layers in this attempt, or why nothing is; absent before the phase began
     *     and in the output, which is the same whatever was stored
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record PhasePlan(
            String name,
            @Nullable PhaseEnd until,
            long trainableParameters,
            int trainableTensors,
            List<PartStatus> parts,
            @Nullable MemoryStatus memoryBytes,
            @Nullable String prefixCache) {
        /** Keeps a copy of the parts. */
        public PhasePlan {
            parts = List.copyOf(parts);
        }
    }

    /**
     * What the plan says of one tensor.
     *
     * @param name name in the checkpoint
     * @param role what it is for
     * @param part the part it belongs to
     * @param layer number of its block, absent outside blocks
     * @param shape sizes of its axes
     * @param dtype stored type
     * @param trainable whether it is trained in some phase
     * @param decidedBy the field that decided, in the first phase that trains it
     * @param learningRate peak learning rate in that phase, absent for a frozen tensor
     * @param phases names of the phases that train it; absent for a frozen tensor and where there is one phase
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record TensorPlan(
            String name,
            Role role,
            Part part,
            @Nullable Integer layer,
            List<Long> shape,
            String dtype,
            boolean trainable,
            String decidedBy,
            @Nullable String learningRate,
            @Nullable List<String> phases) {
        /** Keeps copies of the lists. */
        public TensorPlan {
            shape = List.copyOf(shape);
            phases = phases == null ? null : List.copyOf(phases);
        }
    }

    /** The same with an estimate of each phase's memory, in their order. */
    public PlanDocument with(List<MemoryStatus> memory) {
        return with(phase -> memory.get(phases.indexOf(phase)), PhasePlan::prefixCache);
    }

    /** The same with what was decided about the prefix cache of phases, by name. */
    public PlanDocument with(Map<String, String> caches) {
        return with(PhasePlan::memoryBytes, phase -> caches.getOrDefault(phase.name, phase.prefixCache));
    }

    private PlanDocument with(
            Function<PhasePlan, @Nullable MemoryStatus> memory, Function<PhasePlan, @Nullable String> cache) {
        List<PhasePlan> made = phases.stream()
                .map(phase -> new PhasePlan(
                        phase.name,
                        phase.until,
                        phase.trainableParameters,
                        phase.trainableTensors,
                        phase.parts,
                        memory.apply(phase),
                        cache.apply(phase)))
                .toList();
        return new PlanDocument(digest, totalParameters, trainableParameters, parts, made, warnings, tensors);
    }

    /** A phase of the plan without its tensors, as it stands in the run's status. */
    public PlanStatus status(int phase) {
        PhasePlan chosen = phases.get(phase);
        return new PlanStatus(
                digest,
                totalParameters,
                chosen.trainableParameters,
                percent(chosen.trainableParameters, totalParameters),
                chosen.parts,
                phases.size() > 1 ? chosen.name : null,
                chosen.memoryBytes,
                chosen.prefixCache);
    }

    /** The share of the parameters that is trained in some phase, in percent with two decimals. */
    public String trainablePercent() {
        return percent(trainableParameters, totalParameters);
    }

    private static String percent(long trainable, long total) {
        return String.format(Locale.ROOT, "%.2f", 100.0 * trainable / total);
    }
}
