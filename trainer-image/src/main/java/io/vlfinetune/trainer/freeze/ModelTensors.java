package io.vlfinetune.trainer.freeze;

import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Every tensor of a model with its role, and which of them the model reads. Made from headers alone; no weight is
 * loaded for it.
 *
 * @param tensors all tensors, ordered by name
 * @param read names of the tensors that a forward pass reads, from the pixels up; the others can neither be trained nor matter
 * @param tiedHead whether the token embedding is the output head too: one tensor that has both roles
 * @param layoutFree spells a name, or the beginning of one, the same in all key layouts of the family
 */
public record ModelTensors(
        List<PlannedTensor> tensors, Set<String> read, boolean tiedHead, UnaryOperator<String> layoutFree) {
    /** Orders the tensors by name. */
    public ModelTensors {
        tensors = tensors.stream()
                .sorted(Comparator.comparing(PlannedTensor::name))
                .toList();
        read = Collections.unmodifiableSet(new LinkedHashSet<>(read));
    }

    /** A model with one key layout. */
    public ModelTensors(List<PlannedTensor> tensors, Set<String> read, boolean tiedHead) {
        this(tensors, read, tiedHead, UnaryOperator.identity());
    }

    /** The same tensors of a family with several key layouts. */
    public ModelTensors spelled(UnaryOperator<String> spelling) {
        return new ModelTensors(tensors, read, tiedHead, spelling);
    }

    /** Number of numbered layers of a part; 0 for the projector. */
    public int layers(Part part) {
        return tensors.stream()
                .map(PlannedTensor::role)
                .filter(role -> role.part() == part)
                .mapToInt(role -> role.layer() + 1)
                .max()
                .orElse(0);
    }

    /** The roles that occur; a tied head's is one of them, though no tensor is stored for it. */
    Set<Role> roles() {
        Set<Role> found = EnumSet.noneOf(Role.class);
        tensors.forEach(tensor -> found.add(tensor.role().role()));
        if (tiedHead) {
            found.add(Role.OutputHead);
        }
        return found;
    }
}
