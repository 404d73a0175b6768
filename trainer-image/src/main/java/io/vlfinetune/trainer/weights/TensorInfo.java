package io.vlfinetune.trainer.weights;

import io.vlfinetune.trainer.engine.DType;
import java.util.List;

/**
 * One entry of a safetensors header.
 *
 * @param name key of the tensor
 * @param dtype type of its elements
 * @param shape its axes; empty for a scalar
 * @param start first byte, counted from the end of the header
 * @param end byte after the last
 */
public record TensorInfo(String name, DType dtype, List<Long> shape, long start, long end) {
    /** Copies the shape. */
    public TensorInfo {
        shape = List.copyOf(shape);
    }

    /** How many elements. */
    public long elements() {
        return shape.stream().mapToLong(Long::longValue).reduce(1, (a, b) -> a * b);
    }

    /** How many bytes. */
    public long bytes() {
        return end - start;
    }

    /** The axes as an array of their own. */
    public long[] axes() {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }
}
