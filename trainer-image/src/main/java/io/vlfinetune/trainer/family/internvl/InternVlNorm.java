package io.vlfinetune.trainer.family.internvl;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * The norm after the tower's last block, of towers that do without mean pooling.
 *
 * @param tower prefix of the tower's keys
 * @param config the tower's numbers
 */
record InternVlNorm(String tower, InternVlVision config) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        return LayerTensor.layerNorm(
                tower + "layernorm",
                TensorRole.of(Role.VisionNorm),
                config.encoder().hidden());
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        return w.ops()
                .layerNorm(
                        x,
                        w.get(tower + "layernorm.weight"),
                        w.get(tower + "layernorm.bias"),
                        config.encoder().epsilon());
    }
}
