package io.vlfinetune.trainer.verify;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A fine-tuned folder compared with its base model.
 *
 * @param formatVersion version of this form
 * @param base folder of the base model
 * @param tuned folder of the tuned model
 * @param family its {@code model_type}
 * @param declaration where what was declared frozen was read; absent where nothing was declared
 * @param holds whether every tensor declared frozen is what it was; absent where nothing was declared
 * @param parts counts by part
 * @param layers counts by role, and by block where a role has numbered ones
 * @param leaked tensors that were declared frozen and are not what they were
 * @param missing tensors of the base model that the tuned one does not have
 * @param added tensors of the tuned model that the base model does not have
 * @param tensors every tensor
 */
@JsonPropertyOrder({
    "formatVersion",
    "base",
    "tuned",
    "family",
    "declaration",
    "holds",
    "parts",
    "layers",
    "leaked",
    "missing",
    "added",
    "tensors"
})
public record Verification(
        int formatVersion,
        String base,
        String tuned,
        String family,
        @Nullable String declaration,
        @Nullable Boolean holds,
        List<VerifiedGroup> parts,
        List<VerifiedGroup> layers,
        List<String> leaked,
        List<String> missing,
        List<String> added,
        List<VerifiedTensor> tensors) {
    /** The version that this code writes. */
    public static final int FORMAT_VERSION = 1;

    /** Keeps copies of the lists. */
    public Verification {
        parts = List.copyOf(parts);
        layers = List.copyOf(layers);
        leaked = List.copyOf(leaked);
        missing = List.copyOf(missing);
        added = List.copyOf(added);
        tensors = List.copyOf(tensors);
    }

    static Verification of(
            String base,
            String tuned,
            String family,
            @Nullable String declaration,
            List<VerifiedTensor> tensors,
            List<String> added) {
        boolean declared = declaration != null;
        List<String> leaked = tensors.stream()
                .filter(VerifiedTensor::leaked)
                .map(VerifiedTensor::name)
                .toList();
        return new Verification(
                FORMAT_VERSION,
                base,
                tuned,
                family,
                declaration,
                declared ? leaked.isEmpty() : null,
                parts(tensors, declared),
                layers(tensors, declared),
                leaked,
                tensors.stream()
                        .filter(tensor -> tensor.likeness() == Likeness.Missing)
                        .map(VerifiedTensor::name)
                        .toList(),
                added,
                tensors);
    }

    private static List<VerifiedGroup> parts(List<VerifiedTensor> tensors, boolean declared) {
        return Arrays.stream(Part.values())
                .map(part -> VerifiedGroup.of(
                        part,
                        null,
                        null,
                        tensors.stream().filter(tensor -> tensor.part() == part).toList(),
                        declared))
                .toList();
    }

    private record Place(Role role, @Nullable Integer layer) {}

    private static List<VerifiedGroup> layers(List<VerifiedTensor> tensors, boolean declared) {
        Map<Place, List<VerifiedTensor>> places = new LinkedHashMap<>();
        tensors.forEach(
                tensor -> places.computeIfAbsent(new Place(tensor.role(), tensor.layer()), missing -> new ArrayList<>())
                        .add(tensor));
        return places.entrySet().stream()
                .map(entry -> VerifiedGroup.of(
                        entry.getKey().role().part(),
                        entry.getKey().role(),
                        entry.getKey().layer(),
                        entry.getValue(),
                        declared))
                .toList();
    }

    /** The tensors of one likeness. */
    @JsonIgnore
    public List<VerifiedTensor> with(Likeness likeness) {
        return tensors.stream().filter(tensor -> tensor.likeness() == likeness).toList();
    }
}
