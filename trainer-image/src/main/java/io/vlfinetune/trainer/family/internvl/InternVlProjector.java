package io.vlfinetune.trainer.family.internvl;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * Lays each square of neighbouring patches into one feature and maps it to the language model's width: features of the
 * tower [tiles, 1 + patches, vision hidden] to [tiles, places, hidden].
 *
 * @param prefix of its keys
 * @param config the model's numbers
 */
record InternVlProjector(String prefix, InternVlConfig config) implements PlainLayer {
    /** PyTorch's own, whatever the configuration says for the tower's norms. */
    private static final double EPSILON = 1e-5;

    @Override
    public List<LayerTensor> declared() {
        TensorRole role = TensorRole.of(Role.Projector);
        long hidden = config.text().hidden();
        long wide = wide();
        List<LayerTensor> tensors = new ArrayList<>(LayerTensor.layerNorm(prefix + "layer_norm", role, wide));
        tensors.addAll(LayerTensor.linear(prefix + "linear_1", role, hidden, wide));
        tensors.addAll(LayerTensor.linear(prefix + "linear_2", role, hidden, hidden));
        return tensors;
    }

    private long wide() {
        return (long) config.vision().encoder().hidden() * config.shuffle() * config.shuffle();
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray patches = ops.narrow(x, 1, 1, x.getShape().get(1) - 1);
        NDArray h = ops.layerNorm(
                shuffled(patches, ops),
                w.get(prefix + "layer_norm.weight"),
                w.get(prefix + "layer_norm.bias"),
                EPSILON);
        return linear(config.projectorActivation().apply(ops, linear(h, w, "linear_1")), w, "linear_2");
    }

    /** transformers: {@code pixel_shuffle}; [tiles, patches, hidden] to [tiles, places, hidden of a square]. */
    private NDArray shuffled(NDArray x, Ops ops) {
        long tiles = x.getShape().get(0);
        long side = config.side();
        long square = config.shuffle();
        long hidden = x.getShape().get(2);
        NDArray beside = ops.reshape(x, tiles, side * square, side, square * hidden);
        NDArray columns = ops.reshape(ops.transpose(beside, 1, 2), tiles, side, side, square * square * hidden);
        return ops.reshape(ops.transpose(columns, 1, 2), tiles, side * side, square * square * hidden);
    }

    private NDArray linear(NDArray x, Weights w, String part) {
        return w.ops().linear(x, w.get(prefix + part + ".weight"), w.get(prefix + part + ".bias"));
    }
}
