package io.vlfinetune.trainer.model.qwen;

import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * Makes features of a block's output that pass by the rest of the tower on their way to a block of the language model
 * (Meng et al., DeepStack, arXiv:2406.04334).
 *
 * @param merger makes the features
 */
public record DeepstackTap(PatchMerger merger) implements Layer {
    @Override
    public List<LayerTensor> declared() {
        return merger.declared();
    }

    @Override
    public Footprint footprint(Widths input) {
        Footprint made = merger.footprint(input);
        return new Footprint(input.carrying(made.output().hidden()), made.kept());
    }

    @Override
    public Flow forward(Flow input, Weights weights, Batch batch) {
        return input.carrying(merger.forward(input.hidden(), weights, batch));
    }
}
