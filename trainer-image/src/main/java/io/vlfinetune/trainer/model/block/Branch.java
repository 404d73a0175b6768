package io.vlfinetune.trainer.model.block;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Linear;
import io.vlfinetune.trainer.model.ProductLayer;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * A norm and several linear layers of it: queries, keys and values, or gate and width of a perceptron. The hidden states
 * pass by; the products are carried, the first one first. The norm is worked out again in the backward pass.
 *
 * @param norm of the hidden states
 * @param linears of the norm
 */
public record Branch(Norm norm, List<Linear> linears) implements ProductLayer {
    /** Copies the list. */
    public Branch {
        linears = List.copyOf(linears);
    }

    @Override
    public List<LayerTensor> declared() {
        List<LayerTensor> tensors = new ArrayList<>(norm.declared());
        linears.forEach(linear -> tensors.addAll(linear.declared()));
        return tensors;
    }

    @Override
    public Footprint footprint(Widths input) {
        List<Long> made = linears.stream().map(Linear::out).toList();
        return new Footprint(
                input.carryingFirst(made),
                made.stream().mapToLong(width -> width).sum());
    }

    @Override
    public List<NDArray> read(Flow input) {
        return List.of(input.hidden());
    }

    @Override
    public NDArray source(List<NDArray> read, Weights weights) {
        return norm.apply(read.getFirst(), weights);
    }

    @Override
    public Flow output(Flow input, List<NDArray> products, Weights weights) {
        List<NDArray> carried = new ArrayList<>(products);
        carried.addAll(input.carried());
        return new Flow(input.hidden(), carried);
    }

    @Override
    public boolean addsToHidden() {
        return false;
    }
}
