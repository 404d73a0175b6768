package io.vlfinetune.trainer.model;

import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * A layer whose input goes on beside its output, behind what is carried already, until a later layer takes it.
 *
 * @param layer what is made of the input
 */
public record CarryingLayer(Layer layer) implements Layer {
    @Override
    public List<LayerTensor> declared() {
        return layer.declared();
    }

    @Override
    public Footprint footprint(Widths input) {
        Footprint made = layer.footprint(input);
        return new Footprint(made.output().carrying(input.hidden()), made.kept());
    }

    @Override
    public Flow forward(Flow input, Weights weights, Batch batch) {
        return layer.forward(input, weights, batch).carrying(input.hidden());
    }
}
