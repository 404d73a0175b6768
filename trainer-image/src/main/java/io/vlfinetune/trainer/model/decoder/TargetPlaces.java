package io.vlfinetune.trainer.model.decoder;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/** Keeps only places with a target, of the hidden states and of the attention's mixture; nothing reads others above. */
record TargetPlaces() implements Layer {
    @Override
    public List<LayerTensor> declared() {
        return List.of();
    }

    @Override
    public Footprint footprint(Widths input) {
        return new Footprint(input, input.hidden() + input.carried().getFirst(), true);
    }

    @Override
    public Flow forward(Flow input, Weights w, Batch batch) {
        NDArray mixed = batch.atTargets(input.carried().getFirst(), w.ops());
        return input.taking(1, mixed).with(batch.atTargets(input.hidden(), w.ops()));
    }
}
