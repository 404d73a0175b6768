package io.vlfinetune.trainer.model.block;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/** A norm over the last axis. */
public sealed interface Norm {
    /** Its tensors. */
    List<LayerTensor> declared();

    /** The normed array. */
    NDArray apply(NDArray x, Weights w);

    /**
     * Mean and variance; scale and shift.
     *
     * @param name of its keys, which end in weight and bias
     * @param role of its tensors
     * @param size of the last axis
     * @param epsilon what is added to the variance
     */
    record Layer(String name, TensorRole role, long size, double epsilon) implements Norm {
        @Override
        public List<LayerTensor> declared() {
            return LayerTensor.layerNorm(name, role, size);
        }

        @Override
        public NDArray apply(NDArray x, Weights w) {
            return w.ops().layerNorm(x, w.get(name + ".weight"), w.get(name + ".bias"), epsilon);
        }
    }

    /**
     * The root of the mean square; scale alone.
     *
     * @param name of its key, which ends in weight
     * @param role of its tensor
     * @param size of the last axis
     * @param epsilon what is added to the mean square
     */
    record RootMeanSquare(String name, TensorRole role, long size, double epsilon) implements Norm {
        @Override
        public List<LayerTensor> declared() {
            return List.of(LayerTensor.norm(name + ".weight", role, size));
        }

        @Override
        public NDArray apply(NDArray x, Weights w) {
            return w.ops().rmsNorm(x, w.get(name + ".weight"), epsilon);
        }
    }

    /**
     * The root of the mean square; one plus the scale, as Gemma has it.
     *
     * @param name of its key, which ends in weight
     * @param role of its tensor
     * @param size of the last axis
     * @param epsilon what is added to the mean square
     */
    record OnePlus(String name, TensorRole role, long size, double epsilon) implements Norm {
        @Override
        public List<LayerTensor> declared() {
            return List.of(LayerTensor.norm(name + ".weight", role, size));
        }

        @Override
        public NDArray apply(NDArray x, Weights w) {
            return w.ops().rmsNormOnePlus(x, w.get(name + ".weight"), epsilon);
        }
    }
}
