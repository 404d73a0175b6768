package io.vlfinetune.trainer.verify;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the comparison says of one tensor.
 *
 * @param name key in the base model
 * @param tunedName key in the tuned model, where it is another one; absent also for a missing tensor
 * @param role what it is for
 * @param part the part it belongs to
 * @param layer number of its block, absent outside blocks
 * @param declaredFrozen whether it was declared frozen; absent where nothing was declared
 * @param likeness what became of it
 * @param leaked whether it was declared frozen and is not what it was
 * @param shape sizes of its axes in the base model
 * @param dtype type in the base model
 * @param tunedShape sizes of its axes in the tuned model, where they are others
 * @param tunedDtype type in the tuned model, where it is another one
 * @param elements how many elements it has in the base model
 * @param differingElements how many of them differ, for a changed tensor
 * @param largestDifference largest absolute difference of a changed tensor, over elements that are finite in both
 * @param notFiniteElements elements that differ and are infinite or no number in either, where there are any
 * @param roundedTo type to which the base model's values were rounded, where that alone explains all differences
 */
@JsonPropertyOrder({
    "name",
    "tunedName",
    "role",
    "part",
    "layer",
    "declaredFrozen",
    "likeness",
    "leaked",
    "shape",
    "dtype",
    "tunedShape",
    "tunedDtype",
    "elements",
    "differingElements",
    "largestDifference",
    "notFiniteElements",
    "roundedTo"
})
public record VerifiedTensor(
        String name,
        @Nullable String tunedName,
        Role role,
        Part part,
        @Nullable Integer layer,
        @Nullable Boolean declaredFrozen,
        Likeness likeness,
        boolean leaked,
        List<Long> shape,
        String dtype,
        @Nullable List<Long> tunedShape,
        @Nullable String tunedDtype,
        long elements,
        @Nullable Long differingElements,
        @Nullable Double largestDifference,
        @Nullable Long notFiniteElements,
        @Nullable String roundedTo) {
    /** Keeps copies of the lists. */
    public VerifiedTensor {
        shape = List.copyOf(shape);
        tunedShape = tunedShape == null ? null : List.copyOf(tunedShape);
    }

    /** Whether it is what it was: bit by bit, or number by number in another type. */
    public boolean same() {
        return switch (likeness) {
            case Identical, StoredOtherwise -> true;
            case Changed, Reshaped, Missing -> false;
        };
    }
}
