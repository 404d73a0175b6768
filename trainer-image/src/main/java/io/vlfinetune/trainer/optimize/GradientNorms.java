package io.vlfinetune.trainer.optimize;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.Ops;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Euclidean norms of gradients before clipping.
 *
 * @param total over all tensors; not finite if any gradient is not
 * @param byTensor of each tensor
 */
public record GradientNorms(double total, Map<String, Double> byTensor) {
    /** No gradients. */
    static final GradientNorms NONE = new GradientNorms(0, Map.of());

    /** Keeps an unmodifiable view in the given order. */
    public GradientNorms {
        byTensor = Collections.unmodifiableMap(new LinkedHashMap<>(byTensor));
    }

    /** Adds up in the order of the names: the last bit of a sum depends on it. */
    static GradientNorms of(Ops ops, List<String> names, Map<String, NDArray> gradients) {
        float[] norms = ops.norms(names.stream().map(gradients::get).toArray(NDArray[]::new));
        Map<String, Double> byTensor = new LinkedHashMap<>();
        double square = 0;
        for (int i = 0; i < norms.length; i++) {
            byTensor.put(names.get(i), (double) norms[i]);
            square += (double) norms[i] * norms[i];
        }
        return new GradientNorms(Math.sqrt(square), byTensor);
    }
}
