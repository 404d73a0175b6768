package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.Ops;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Gradients by tensor, added up over the micro-batches of a step. Owns its arrays. */
public final class Gradients implements AutoCloseable {
    private final Ops ops;
    private final Map<String, NDArray> arrays = new LinkedHashMap<>();

    /** Without any gradient yet. */
    public Gradients(Ops ops) {
        this.ops = ops;
    }

    /** Takes over a gradient and adds it to the one already there. */
    void add(String tensor, NDArray gradient) {
        NDArray before = arrays.putIfAbsent(tensor, gradient);
        if (before != null) {
            ops.addTo(before, gradient);
            gradient.close();
        }
    }

    /** The gradients of all tensors that took part so far, Float32; valid until this is closed. */
    public Map<String, NDArray> byTensor() {
        return Collections.unmodifiableMap(arrays);
    }

    /** Frees the arrays. */
    @Override
    public void close() {
        arrays.values().forEach(NDArray::close);
        arrays.clear();
    }
}
