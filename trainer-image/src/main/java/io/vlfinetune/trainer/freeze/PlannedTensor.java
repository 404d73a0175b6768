package io.vlfinetune.trainer.freeze;

import java.util.List;

/**
 * A tensor of the checkpoint as its header tells, and what it is for.
 *
 * @param name name in the checkpoint
 * @param role its only role
 * @param shape sizes of its axes
 * @param dtype stored type in safetensors' spelling, such as {@code BF16}
 */
public record PlannedTensor(String name, TensorRole role, List<Long> shape, String dtype) {
    /** Keeps a copy of the shape. */
    public PlannedTensor {
        shape = List.copyOf(shape);
    }

    /** Number of elements. */
    public long parameters() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }
}
