package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A backward pass on its way down: the gradients of the loss with regard to the arrays between layers, each from the
 * time a layer above read the array until the layer that made it takes it. Owns those gradients.
 */
final class Backward implements AutoCloseable {
    private final Ops ops;
    private final Weights weights;
    private final Gradients gradients;
    private final IdentityHashMap<NDArray, NDArray> seeds = new IdentityHashMap<>();

    /** Adds the gradients of trained tensors to the given ones. */
    Backward(Weights weights, Gradients gradients) {
        this.ops = weights.ops();
        this.weights = weights;
        this.gradients = gradients;
    }

    /** Takes over a gradient with regard to an array between layers, and adds it to the one already there. */
    void seed(NDArray array, NDArray gradient) {
        NDArray before = seeds.putIfAbsent(array, gradient);
        if (before != null) {
            // Both may share their memory with others: a new array, not an addition in place.
            try (before;
                    gradient) {
                seeds.put(array, ops.add(before, gradient));
            }
        }
    }

    /** The gradient with regard to an array between layers, which the caller then owns; null if there is none. */
    @Nullable
    NDArray take(NDArray array) {
        return seeds.remove(array);
    }

    /**
     * One graph.
     *
     * @param made what the graph made
     * @param cut under which array the gradient of each was stored
     * @param below what the graph was given and gradients flow on into
     * @param trained names of the tensors whose gradients are wanted
     */
    void through(List<NDArray> made, List<NDArray> cut, List<NDArray> below, List<String> trained) {
        List<NDArray> outputs = new ArrayList<>();
        List<NDArray> above = new ArrayList<>();
        for (int i = 0; i < made.size(); i++) {
            NDArray seed = seeds.remove(cut.get(i));
            if (seed != null) {
                outputs.add(made.get(i));
                above.add(seed);
            }
        }
        List<NDArray> wanted = new ArrayList<>();
        trained.forEach(name -> wanted.add(weights.master(name)));
        wanted.addAll(below);
        if (!outputs.isEmpty() && !wanted.isEmpty()) {
            keep(ops.gradients(array(outputs), array(above), array(wanted)), below, trained);
        }
        above.forEach(NDArray::close);
    }

    private void keep(@Nullable NDArray[] found, List<NDArray> below, List<String> trained) {
        for (int i = 0; i < found.length; i++) {
            NDArray gradient = found[i];
            if (gradient == null) {
                continue;
            }
            if (i < trained.size()) {
                gradients.add(trained.get(i), gradient);
            } else {
                seed(below.get(i - trained.size()), gradient);
            }
        }
    }

    private static NDArray[] array(List<NDArray> arrays) {
        return arrays.toArray(NDArray[]::new);
    }

    @Override
    public void close() {
        seeds.values().forEach(NDArray::close);
    }
}
