package io.vlfinetune.trainer.model.block;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Linear;
import io.vlfinetune.trainer.model.ProductLayer;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * What branches made, mixed and through one linear layer, which is carried on. The mixture is worked out again in the
 * backward pass.
 *
 * @param mix of the first carried arrays
 * @param linear of the mixture
 */
public record Project(Join.Mix mix, Linear linear) implements ProductLayer {
    @Override
    public List<LayerTensor> declared() {
        return linear.declared();
    }

    @Override
    public Footprint footprint(Widths input) {
        return new Footprint(input.dropped(mix.takes()).carryingFirst(List.of(linear.out())), linear.out());
    }

    @Override
    public List<NDArray> read(Flow input) {
        return input.carried().subList(0, mix.takes());
    }

    @Override
    public NDArray source(List<NDArray> read, Weights weights) {
        return mix.apply(read, weights.ops());
    }

    @Override
    public List<Linear> linears() {
        return List.of(linear);
    }

    @Override
    public Flow output(Flow input, List<NDArray> products, Weights weights) {
        return input.taking(mix.takes(), products.getFirst());
    }

    @Override
    public boolean addsToHidden() {
        return false;
    }
}
