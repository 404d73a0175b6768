package io.vlfinetune.trainer.freeze;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a declaration says of one tensor.
 *
 * @param frozen whether it is frozen
 * @param by the field that decided, such as {@code spec.freeze.rules[2]}
 * @param learningRate peak learning rate that the deciding rule asks for; null: that of the tensor's part
 */
public record Decision(boolean frozen, String by, @Nullable String learningRate) {
    /** Whether another decision comes to the same, whoever made it. */
    boolean sameAs(Decision other) {
        return frozen == other.frozen && Objects.equals(learningRate, other.learningRate);
    }
}
