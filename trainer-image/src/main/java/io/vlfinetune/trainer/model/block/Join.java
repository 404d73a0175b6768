package io.vlfinetune.trainer.model.block;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Activation;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Linear;
import io.vlfinetune.trainer.model.ProductLayer;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * What branches made, mixed, through one linear layer and added to the hidden states. The mixture is worked out again in
 * the backward pass.
 *
 * @param mix of the first carried arrays
 * @param linear of the mixture
 */
public record Join(Mix mix, Linear linear) implements ProductLayer {
    /** How carried arrays become one. */
    public sealed interface Mix {
        /** How many it takes. */
        int takes();

        /** The mixture. */
        NDArray apply(List<NDArray> carried, Ops ops);
    }

    /** One array as it is. */
    public record Same() implements Mix {
        @Override
        public int takes() {
            return 1;
        }

        @Override
        public NDArray apply(List<NDArray> carried, Ops ops) {
            return carried.getFirst();
        }
    }

    /**
     * An activation of one array.
     *
     * @param activation of each element
     */
    public record Activated(Activation activation) implements Mix {
        @Override
        public int takes() {
            return 1;
        }

        @Override
        public NDArray apply(List<NDArray> carried, Ops ops) {
            return activation.apply(ops, carried.getFirst());
        }
    }

    /**
     * The activation of the first array times the second.
     *
     * @param activation of each element of the first
     */
    public record Gated(Activation activation) implements Mix {
        @Override
        public int takes() {
            return 2;
        }

        @Override
        public NDArray apply(List<NDArray> carried, Ops ops) {
            return ops.multiply(activation.apply(ops, carried.getFirst()), carried.get(1));
        }
    }

    @Override
    public List<LayerTensor> declared() {
        return linear.declared();
    }

    @Override
    public Footprint footprint(Widths input) {
        return new Footprint(input.dropped(mix.takes()).with(linear.out()), linear.out());
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
        NDArray sum = weights.ops().add(input.hidden(), products.getFirst());
        return new Flow(
                sum, input.carried().subList(mix.takes(), input.carried().size()));
    }

    @Override
    public boolean addsToHidden() {
        return true;
    }
}
