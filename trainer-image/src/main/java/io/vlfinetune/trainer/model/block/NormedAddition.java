package io.vlfinetune.trainer.model.block;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * Adds the norm of the first carried array to the hidden states.
 *
 * @param norm of that array
 */
public record NormedAddition(Norm norm) implements Layer {
    @Override
    public List<LayerTensor> declared() {
        return norm.declared();
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
        NDArray normed = norm.apply(input.carried().getFirst(), w);
        return input.dropped().with(w.ops().add(input.hidden(), normed));
    }
}
