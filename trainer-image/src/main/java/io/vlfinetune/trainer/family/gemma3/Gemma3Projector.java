package io.vlfinetune.trainer.family.gemma3;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * Means of squares of neighbouring patches, a norm and a matrix: [images, patches, vision hidden] to
 * [images, features, hidden].
 *
 * @param prefix of its keys
 * @param config the model's numbers
 */
record Gemma3Projector(String prefix, Gemma3Config config) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        TensorRole role = TensorRole.of(Role.Projector);
        long vision = config.vision().hidden();
        return List.of(
                // The other way round than a linear layer's weight.
                LayerTensor.weight(weight(), role, vision, config.text().hidden()),
                LayerTensor.norm(norm(), role, vision));
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        long images = x.getShape().get(0);
        long vision = config.vision().hidden();
        long side = config.vision().side();
        NDArray map = ops.reshape(ops.transpose(x, 1, 2), images, vision, side, side);
        NDArray means = ops.reshape(ops.averagePool(map, side / config.side()), images, vision, -1);
        NDArray normed = ops.rmsNormOnePlus(
                ops.transpose(means, 1, 2), w.get(norm()), config.vision().epsilon());
        return ops.linear(normed, ops.transpose(w.get(weight()), 0, 1), null);
    }

    private String weight() {
        return prefix + "mm_input_projection_weight";
    }

    private String norm() {
        return prefix + "mm_soft_emb_norm.weight";
    }
}
