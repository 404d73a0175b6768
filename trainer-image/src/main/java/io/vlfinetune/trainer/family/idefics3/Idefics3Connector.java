package io.vlfinetune.trainer.family.idefics3;

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
 * Pixel shuffle and projection: squares of neighbouring patches become one feature, [tiles, patches, vision hidden] to
 * [tiles, patches / scale², hidden].
 *
 * @param weight its key
 * @param config the model's numbers
 */
record Idefics3Connector(String weight, Idefics3Config config) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        return List.of(LayerTensor.weight(
                weight, TensorRole.of(Role.Projector), config.text().hidden(), width()));
    }

    private long width() {
        return (long) config.vision().hidden() * config.scale() * config.scale();
    }

    /** The square's rows lie behind each other, in each of them its columns. */
    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        long tiles = x.getShape().get(0);
        long scale = config.scale();
        long side = config.vision().side() / scale;
        NDArray rows = ops.reshape(
                x, tiles * side, scale, side, scale * config.vision().hidden());
        NDArray squares = ops.reshape(ops.transpose(rows, 1, 2), tiles, side * side, width());
        return ops.linear(squares, w.get(weight), null);
    }
}
