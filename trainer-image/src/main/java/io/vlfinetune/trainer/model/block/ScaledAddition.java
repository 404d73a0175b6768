package io.vlfinetune.trainer.model.block;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * Adds the first carried array to the hidden states, each element times its own factor (layer scale).
 *
 * @param factors key of the factors [size]
 * @param role of that tensor
 * @param size of the last axis
 */
public record ScaledAddition(String factors, TensorRole role, long size) implements Layer {
    @Override
    public List<LayerTensor> declared() {
        return List.of(LayerTensor.weight(factors, role, size));
    }

    @Override
    public boolean isCheap(DType precision) {
        return true;
    }

    @Override
    public Footprint footprint(Widths input) {
        return new Footprint(input.dropped(1), input.hidden());
    }

    @Override
    public Flow forward(Flow input, Weights w, Batch batch) {
        NDArray scaled = w.ops().multiply(w.get(factors), input.carried().getFirst());
        return input.dropped().with(w.ops().add(scaled, input.hidden()));
    }
}
