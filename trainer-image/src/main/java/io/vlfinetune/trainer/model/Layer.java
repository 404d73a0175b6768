package io.vlfinetune.trainer.model;

import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.weights.Weights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** One step of a chain: the tensors it reads and what it makes of its input. Holds no arrays of its own. */
public interface Layer {
    /** The tensors it reads, always in the same order. */
    List<LayerTensor> declared();

    /** What it consists of, in order; itself if it is no block. */
    default List<Layer> stages() {
        return List.of(this);
    }

    /**
     * Whether its backward pass runs it again rather than remember what it needs: running it costs little beside what
     * it would remember.
     *
     * @param precision of arithmetic
     */
    default boolean isCheap(DType precision) {
        return false;
    }

    /** How many places a token looks back by a mask, itself included; empty where attention needs no mask. */
    default OptionalInt window() {
        return OptionalInt.empty();
    }

    /**
     * What it leaves in memory, for estimates. This is right for a layer that is a row of products: what each of them
     * reads and makes.
     */
    default Footprint footprint(Widths input) {
        long kept = 0;
        long width = input.hidden();
        for (LayerTensor tensor : declared()) {
            long last = tensor.shape().getLast();
            if (tensor.use() == LayerTensor.Use.Norm && last == width) {
                kept += width;
            } else if (tensor.isTable()) {
                width = last;
                kept += width;
            } else if (tensor.isMatrix()) {
                width = tensor.shape().getFirst();
                kept += tensor.elements() / width + width;
            }
        }
        return new Footprint(input.with(width), kept);
    }

    /** The tensors it reads with their roles, always in the same order. */
    default Map<String, TensorRole> tensors() {
        Map<String, TensorRole> roles = new LinkedHashMap<>();
        declared().forEach(tensor -> roles.put(tensor.name(), tensor.role()));
        return roles;
    }

    /**
     * What it makes of its input. Arrays made on the way belong to the scope the caller opened.
     *
     * @param input the output of the layer before; the batch's pixels for the first
     */
    Flow forward(Flow input, Weights weights, Batch batch);
}
