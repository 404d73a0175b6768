package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * A layer of one cheap source and linear layers of it, with a backward pass of its own: the source is worked out again
 * instead of being remembered, and so are casts of weights. What it remembers is its input alone.
 */
public interface ProductLayer extends Layer {
    /** The arrays of the input that the source is made of. */
    List<NDArray> read(Flow input);

    /** What all linear layers read, made of those arrays; may be one of them. */
    NDArray source(List<NDArray> read, Weights weights);

    /** The linear layers. */
    List<Linear> linears();

    /** The output; new arrays in it are the products in their order, or their sum with the hidden states. */
    Flow output(Flow input, List<NDArray> products, Weights weights);

    /** Whether the one product is added to the hidden states, instead of being carried. */
    boolean addsToHidden();

    @Override
    default Flow forward(Flow input, Weights weights, Batch batch) {
        NDArray source = source(read(input), weights);
        return output(
                input,
                linears().stream().map(linear -> linear.apply(source, weights)).toList(),
                weights);
    }
}
