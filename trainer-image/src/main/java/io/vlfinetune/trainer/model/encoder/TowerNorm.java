package io.vlfinetune.trainer.model.encoder;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * The norm after a tower's last block, over [images, places, hidden].
 *
 * @param name of its keys, which end in weight and bias
 * @param config the tower's numbers
 */
public record TowerNorm(String name, EncoderConfig config) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        return LayerTensor.layerNorm(name, TensorRole.of(Role.VisionNorm), config.hidden());
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        return w.ops().layerNorm(x, w.get(name + ".weight"), w.get(name + ".bias"), config.epsilon());
    }
}
