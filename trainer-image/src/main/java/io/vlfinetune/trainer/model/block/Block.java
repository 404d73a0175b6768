package io.vlfinetune.trainer.model.block;

import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * A layer made of stages. It is one layer to whoever freezes, counts or runs it again; its stages are what the backward
 * pass goes through one by one. What a stage carries, a later stage of the same block takes: of all that passes by the
 * last stage nothing was made in the block.
 */
public interface Block extends Layer {
    @Override
    List<Layer> stages();

    @Override
    default List<LayerTensor> declared() {
        return stages().stream().flatMap(stage -> stage.declared().stream()).toList();
    }

    @Override
    default Footprint footprint(Widths input) {
        Widths widths = input;
        long kept = 0;
        for (Layer stage : stages()) {
            Footprint made = stage.footprint(widths);
            widths = made.output();
            kept += made.kept();
        }
        return new Footprint(widths, kept);
    }

    @Override
    default Flow forward(Flow input, Weights weights, Batch batch) {
        Flow x = input;
        for (Layer stage : stages()) {
            x = stage.forward(x, weights, batch);
        }
        return x;
    }
}
