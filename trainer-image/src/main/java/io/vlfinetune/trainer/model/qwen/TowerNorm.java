package io.vlfinetune.trainer.model.qwen;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/** Norms of a tower, over the last axis. */
enum TowerNorm {
    /** Mean and variance; scale and shift. */
    Layer {
        @Override
        List<LayerTensor> declared(String name, TensorRole role, long size) {
            return LayerTensor.layerNorm(name, role, size);
        }

        @Override
        NDArray apply(NDArray x, Weights w, String name) {
            return w.ops().layerNorm(x, w.get(name + ".weight"), w.get(name + ".bias"), EPSILON);
        }
    },
    /** The root of the mean square; scale alone. */
    RootMeanSquare {
        @Override
        List<LayerTensor> declared(String name, TensorRole role, long size) {
            return List.of(LayerTensor.norm(name + ".weight", role, size));
        }

        @Override
        NDArray apply(NDArray x, Weights w, String name) {
            return w.ops().rmsNorm(x, w.get(name + ".weight"), EPSILON);
        }
    };

    /** The same in all towers, whatever the configuration says. */
    private static final double EPSILON = 1e-6;

    /** Its tensors. */
    abstract List<LayerTensor> declared(String name, TensorRole role, long size);

    /** The normed array. */
    abstract NDArray apply(NDArray x, Weights w, String name);
}
