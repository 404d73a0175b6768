package io.vlfinetune.trainer.optimize;

import io.vlfinetune.api.Part;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.freeze.PlannedTensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Every tensor that the optimizer moves, in exactly one group. */
public final class ParameterGroups {
    private record Key(Part part, double learningRate, double weightDecay) {}

    private final List<ParameterGroup> groups;
    private final Map<String, ParameterGroup> byTensor = new HashMap<>();

    /**
     * Checks the groups.
     *
     * @param trained the tensors that have to be in them
     * @throws IllegalArgumentException if a tensor is in no group or in two, or a frozen one is in a group
     */
    ParameterGroups(List<ParameterGroup> groups, Collection<String> trained) {
        this.groups = List.copyOf(groups);
        for (ParameterGroup group : groups) {
            for (String tensor : group.tensors()) {
                if (byTensor.put(tensor, group) != null) {
                    throw new IllegalArgumentException("tensor " + tensor + " is in two parameter groups");
                }
            }
        }
        Set<String> wanted = new HashSet<>(trained);
        if (!byTensor.keySet().equals(wanted)) {
            Set<String> odd = new TreeSet<>(byTensor.keySet());
            odd.removeAll(wanted);
            Set<String> missing = new TreeSet<>(wanted);
            missing.removeAll(byTensor.keySet());
            throw new IllegalArgumentException("in no parameter group: " + missing + "; in one though frozen: " + odd);
        }
    }

    /**
     * Groups the tensors of a plan by part, learning rate and decay.
     *
     * @param trained the tensors that the executor trains: those of the plan that the model reads
     * @param undecayed biases and norms
     */
    public static ParameterGroups of(
            FreezePlan plan, TrainingSpec training, Collection<String> trained, Set<String> undecayed) {
        Map<String, String> rates = new PeakRates(training).of(plan);
        Set<String> members = new HashSet<>(trained);
        double decay = Double.parseDouble(training.weightDecay());
        Map<Key, List<String>> tensors = new LinkedHashMap<>();
        for (PlannedTensor tensor : plan.table().tensors()) {
            String rate = rates.get(tensor.name());
            if (rate != null && members.contains(tensor.name())) {
                Key key = new Key(
                        tensor.role().part(), Double.parseDouble(rate), undecayed.contains(tensor.name()) ? 0 : decay);
                tensors.computeIfAbsent(key, missing -> new ArrayList<>()).add(tensor.name());
            }
        }
        List<ParameterGroup> groups = new ArrayList<>();
        tensors.forEach(
                (key, names) -> groups.add(new ParameterGroup(key.part, key.learningRate, key.weightDecay, names)));
        return new ParameterGroups(groups, trained);
    }

    /** The group of a tensor. */
    public ParameterGroup of(String tensor) {
        ParameterGroup group = byTensor.get(tensor);
        if (group == null) {
            throw new IllegalArgumentException("tensor " + tensor + " is in no parameter group");
        }
        return group;
    }

    /** The highest peak rate of each part that is trained. */
    public Map<Part, Double> highest() {
        Map<Part, Double> highest = new EnumMap<>(Part.class);
        groups.forEach(group -> highest.merge(group.part(), group.learningRate(), Math::max));
        return Collections.unmodifiableMap(highest);
    }

    /** Norms of all gradients of a part's tensors together, for the parts that have any. */
    public Map<Part, Double> byPart(Map<String, Double> norms) {
        Map<Part, Double> squares = new EnumMap<>(Part.class);
        // Always in the groups' order: the last bit of a sum depends on it.
        for (ParameterGroup group : groups) {
            for (String tensor : group.tensors()) {
                @Nullable Double norm = norms.get(tensor);
                if (norm != null) {
                    squares.merge(group.part(), norm * norm, Double::sum);
                }
            }
        }
        squares.replaceAll((part, square) -> Math.sqrt(square));
        return squares;
    }
}
