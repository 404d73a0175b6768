package io.vlfinetune.trainer.freeze;

import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;

/**
 * The role of one tensor, declared by the layer that owns it.
 *
 * @param role what the tensor is for
 * @param layer number of its block, counted from the input; -1 for a role without numbers
 */
public record TensorRole(Role role, int layer) {
    /** Refuses a block without a number and a number without a block. */
    public TensorRole {
        if (role.layered() != (layer >= 0)) {
            throw new IllegalArgumentException(role + " with layer " + layer);
        }
    }

    /** A role without numbers. */
    public static TensorRole of(Role role) {
        return new TensorRole(role, -1);
    }

    /** A numbered block. */
    public static TensorRole of(Role role, int layer) {
        return new TensorRole(role, layer);
    }

    /** The part the tensor belongs to. */
    public Part part() {
        return role.part();
    }
}
