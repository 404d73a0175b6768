package io.vlfinetune.trainer.verify;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tensors of a part, or of one role or block of it, counted. {@code identical}, {@code storedOtherwise}, {@code changed}
 * and {@code missing} add up to {@code tensors}; so do {@code frozen} and {@code trainable} where something was declared.
 *
 * @param part the part
 * @param role the role; absent for a whole part
 * @param layer number of the block, absent outside blocks
 * @param tensors how many tensors there are
 * @param identical of these, the same type and bits
 * @param storedOtherwise the same numbers in another type
 * @param changed other numbers or another shape
 * @param missing not in the tuned model
 * @param declared what the declaration says of them; absent without one
 */
@JsonPropertyOrder({"part", "role", "layer", "tensors", "identical", "storedOtherwise", "changed", "missing", "declared"
})
public record VerifiedGroup(
        Part part,
        @Nullable Role role,
        @Nullable Integer layer,
        int tensors,
        int identical,
        int storedOtherwise,
        int changed,
        int missing,
        @Nullable Declared declared) {
    /**
     * A declaration's view.
     *
     * @param frozen tensors declared frozen
     * @param frozenIdentical of these, the same type and bits
     * @param frozenStoredOtherwise of these, the same numbers in another type
     * @param leaked of these, all others
     * @param trainable tensors not declared frozen
     * @param trainableChanged of these, those that are not what they were
     */
    @JsonPropertyOrder({"frozen", "frozenIdentical", "frozenStoredOtherwise", "leaked", "trainable", "trainableChanged"
    })
    public record Declared(
            int frozen,
            int frozenIdentical,
            int frozenStoredOtherwise,
            int leaked,
            int trainable,
            int trainableChanged) {}

    /** Counts tensors that have a part, and a role and layer where these are given, in common. */
    static VerifiedGroup of(
            Part part, @Nullable Role role, @Nullable Integer layer, List<VerifiedTensor> tensors, boolean declared) {
        int changed = count(tensors, Likeness.Changed) + count(tensors, Likeness.Reshaped);
        return new VerifiedGroup(
                part,
                role,
                layer,
                tensors.size(),
                count(tensors, Likeness.Identical),
                count(tensors, Likeness.StoredOtherwise),
                changed,
                count(tensors, Likeness.Missing),
                declared ? declared(tensors) : null);
    }

    private static Declared declared(List<VerifiedTensor> tensors) {
        List<VerifiedTensor> frozen = tensors.stream()
                .filter(tensor -> Boolean.TRUE.equals(tensor.declaredFrozen()))
                .toList();
        List<VerifiedTensor> trainable = tensors.stream()
                .filter(tensor -> Boolean.FALSE.equals(tensor.declaredFrozen()))
                .toList();
        return new Declared(
                frozen.size(),
                count(frozen, Likeness.Identical),
                count(frozen, Likeness.StoredOtherwise),
                (int) frozen.stream().filter(VerifiedTensor::leaked).count(),
                trainable.size(),
                (int) trainable.stream().filter(tensor -> !tensor.same()).count());
    }

    private static int count(List<VerifiedTensor> tensors, Likeness likeness) {
        return (int)
                tensors.stream().filter(tensor -> tensor.likeness() == likeness).count();
    }
}
