package io.vlfinetune.trainer.freeze;

import io.vlfinetune.api.FreezeRule;
import io.vlfinetune.api.LayerRange;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which tensors a rule is about. Parts, roles and layers are compared by type and number, so layer 1 cannot mean layer 10;
 * names only where a rule gives names.
 */
sealed interface Selector {
    /** Whether a tensor is meant. */
    boolean selects(PlannedTensor tensor);

    /** All tensors of a part. */
    record OfPart(Part part) implements Selector {
        @Override
        public boolean selects(PlannedTensor tensor) {
            return tensor.role().part() == part;
        }
    }

    /** Numbered layers of a part, both ends included. */
    record OfLayers(Part part, int first, int last) implements Selector {
        @Override
        public boolean selects(PlannedTensor tensor) {
            TensorRole role = tensor.role();
            return role.part() == part && role.role().layered() && role.layer() >= first && role.layer() <= last;
        }
    }

    /** All tensors of a role. */
    record OfRole(Role role) implements Selector {
        @Override
        public boolean selects(PlannedTensor tensor) {
            return tensor.role().role() == role;
        }
    }

    /**
     * Tensors by name, in whatever key layout pattern and checkpoint are written.
     *
     * @param pattern as declared
     * @param layoutFree the family's spelling of names
     */
    record OfNames(NamePattern pattern, UnaryOperator<String> layoutFree) implements Selector {
        @Override
        public boolean selects(PlannedTensor tensor) {
            return pattern.matches(tensor.name())
                    || pattern.spelled(layoutFree).matches(layoutFree.apply(tensor.name()));
        }
    }

    /**
     * Reads a rule.
     *
     * @param rule as declared
     * @param path where it stands in the resource
     * @param model the model's tensors
     * @throws TrainerException InvalidSpec, if the rule is ambiguous or matches nothing in this model
     */
    static Selector of(FreezeRule rule, String path, ModelTensors model) {
        Role role = rule.role();
        Part part = rule.part();
        LayerRange layers = rule.layers();
        String names = rule.tensors();
        if (Stream.of(Optional.ofNullable(role), Optional.ofNullable(part), Optional.ofNullable(names))
                        .filter(Optional::isPresent)
                        .count()
                != 1) {
            throw invalid(path, "a rule selects by exactly one of part, role and tensors");
        }
        if (rule.frozen() == null) {
            throw invalid(path + ".frozen", "say whether the selected tensors are frozen: true or false");
        }
        if (rule.frozen() && rule.learningRate() != null) {
            throw invalid(
                    path + ".learningRate",
                    "a frozen tensor has no learning rate: leave learningRate out or set frozen: false");
        }
        if (part == null && layers != null) {
            throw invalid(
                    path + ".layers",
                    "layers narrows a part: give part instead of " + (role == null ? "tensors" : "role"));
        }
        if (names != null) {
            return names(names, path + ".tensors", model);
        }
        if (role != null) {
            if (!model.roles().contains(role)) {
                throw invalid(
                        path + ".role",
                        role + " matches no tensor of this model; it has "
                                + model.roles().stream().map(Role::name).collect(Collectors.joining(", ")));
            }
            return new OfRole(role);
        }
        Part chosen = Objects.requireNonNull(part);
        return layers == null ? new OfPart(chosen) : layers(chosen, layers, path, model.layers(chosen));
    }

    private static Selector names(String names, String path, ModelTensors model) {
        NamePattern pattern = new NamePattern(names);
        Selector selector = new OfNames(pattern, model.layoutFree());
        if (model.tensors().stream().noneMatch(selector::selects)) {
            throw invalid(
                    path,
                    names + " matches no tensor of this model; the nearest are "
                            + String.join(", ", pattern.nearest(model.tensors())));
        }
        return selector;
    }

    private static Selector layers(Part part, LayerRange range, String path, int count) {
        String at = path + ".layers";
        Integer first = range.first();
        Integer last = range.last();
        Integer from = range.from();
        Integer to = range.to();
        int given = (first == null ? 0 : 1) + (last == null ? 0 : 1) + (from == null && to == null ? 0 : 1);
        if (given != 1 || (from == null) != (to == null)) {
            throw invalid(at, "give exactly one of first, last, and from with to");
        }
        if (count == 0) {
            throw invalid(at, part + " has no numbered layers; leave layers out");
        }
        int low = first != null ? 0 : last != null ? count - last : Objects.requireNonNull(from);
        int high = first != null ? first - 1 : last != null ? count - 1 : Objects.requireNonNull(to);
        if (low < 0 || high >= count || low > high) {
            throw invalid(
                    at,
                    "%s reaches beyond the %d layers of %s; the nearest are 0 to %d"
                            .formatted(words(range), count, part, count - 1));
        }
        return new OfLayers(part, low, high);
    }

    private static String words(LayerRange range) {
        if (range.first() != null) {
            return "first: " + range.first();
        }
        return range.last() != null ? "last: " + range.last() : "from: " + range.from() + ", to: " + range.to();
    }

    private static TrainerException invalid(String path, String message) {
        return new TrainerException(Reason.InvalidSpec, path + ": " + message);
    }
}
