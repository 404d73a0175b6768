package io.vlfinetune.trainer.freeze;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.source.Folders;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A freeze plan written out for people, scripts and the output folder.
 *
 * @param digest SHA-256 over every tensor's name, role, shape, type, switch and learning rate
 * @param totalParameters parameters of the model
 * @param trainableParameters parameters that are trained
 * @param parts the plan part by part
 * @param phases what each phase trains; one phase so far
 * @param tensors the plan tensor by tensor
 */
@JsonPropertyOrder({"digest", "totalParameters", "trainableParameters", "parts", "phases", "tensors"})
public record PlanDocument(
        String digest,
        long totalParameters,
        long trainableParameters,
        List<PartStatus> parts,
        List<PhasePlan> phases,
        List<TensorPlan> tensors) {
    /** Keeps copies of the lists. */
    public PlanDocument {
        parts = List.copyOf(parts);
        phases = List.copyOf(phases);
        tensors = List.copyOf(tensors);
    }

    /**
     * What one phase trains.
     *
     * @param name name of the phase
     * @param trainableParameters parameters that are trained in it
     * @param trainableTensors tensors that are trained in it
     */
    public record PhasePlan(String name, long trainableParameters, int trainableTensors) {}

    /**
     * What the plan says of one tensor.
     *
     * @param name name in the checkpoint
     * @param role what it is for
     * @param part the part it belongs to
     * @param layer number of its block, absent outside blocks
     * @param shape sizes of its axes
     * @param dtype stored type
     * @param trainable whether it is trained
     * @param learningRate peak learning rate, absent for a frozen tensor
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
            @Nullable String learningRate) {
        /** Keeps a copy of the shape. */
        public TensorPlan {
            shape = List.copyOf(shape);
        }
    }

    /** Writes a plan out with the peak learning rate of its trainable tensors. */
    public static PlanDocument of(FreezePlan plan, String learningRate) {
        List<TensorPlan> tensors = plan.table().tensors().stream()
                .map(tensor -> tensor(plan, tensor, learningRate))
                .toList();
        return new PlanDocument(
                digest(tensors),
                plan.totalParameters(),
                plan.trainableParameters(),
                List.of(Part.values()).stream()
                        .map(part -> part(plan, part, learningRate))
                        .toList(),
                List.of(new PhasePlan(
                        "train", plan.trainableParameters(), plan.trainable().size())),
                tensors);
    }

    /** The plan without its tensors, as it stands in the run's status. */
    public PlanStatus status() {
        return new PlanStatus(
                digest,
                totalParameters,
                trainableParameters,
                String.format(Locale.ROOT, "%.2f", 100.0 * trainableParameters / totalParameters),
                parts);
    }

    private static TensorPlan tensor(FreezePlan plan, PlannedTensor tensor, String learningRate) {
        boolean trainable = plan.trains(tensor.name());
        TensorRole role = tensor.role();
        return new TensorPlan(
                tensor.name(),
                role.role(),
                role.part(),
                role.role().layered() ? role.layer() : null,
                tensor.shape(),
                tensor.dtype(),
                trainable,
                trainable ? learningRate : null);
    }

    private static PartStatus part(FreezePlan plan, Part part, String learningRate) {
        long total = 0;
        long trainable = 0;
        TreeMap<Integer, Boolean> frozenLayers = new TreeMap<>();
        for (PlannedTensor tensor : plan.table().tensors()) {
            if (tensor.role().part() != part) {
                continue;
            }
            boolean trains = plan.trains(tensor.name());
            total += tensor.parameters();
            trainable += trains ? tensor.parameters() : 0;
            if (tensor.role().role().layered()) {
                frozenLayers.merge(tensor.role().layer(), !trains, Boolean::logicalAnd);
            }
        }
        frozenLayers.values().removeIf(frozen -> !frozen);
        return new PartStatus(
                part,
                total,
                trainable,
                frozenLayers.isEmpty() ? null : ranges(new ArrayList<>(frozenLayers.keySet())),
                trainable > 0 ? learningRate : null);
    }

    /** Ascending numbers as ranges: 0, 1, 2, 5 is {@code 0-2,5}. */
    static String ranges(List<Integer> numbers) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < numbers.size(); ) {
            int end = i;
            while (end + 1 < numbers.size() && numbers.get(end + 1) == numbers.get(end) + 1) {
                end++;
            }
            text.append(text.isEmpty() ? "" : ",").append(numbers.get(i));
            if (end > i) {
                text.append('-').append(numbers.get(end));
            }
            i = end + 1;
        }
        return text.toString();
    }

    private static String digest(List<TensorPlan> tensors) {
        return Folders.digest(tensors.stream().map(tensor -> tensor + "\n").collect(Collectors.joining()));
    }
}
