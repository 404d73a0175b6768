package io.vlfinetune.trainer.model.qwen;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/** Adds the first carried features [features, hidden] to hidden states [rows, length, hidden] where images stand. */
public record DeepstackAddition() implements Layer {
    @Override
    public List<LayerTensor> declared() {
        return List.of();
    }

    @Override
    public Footprint footprint(Widths input) {
        return new Footprint(input.dropped(1), 2 * input.hidden());
    }

    @Override
    public Flow forward(Flow input, Weights weights, Batch batch) {
        if (batch.isTextOnly()) {
            return input;
        }
        Ops ops = weights.ops();
        NDArray hidden = input.hidden();
        NDArray rows = ops.reshape(hidden, -1, hidden.getShape().get(2));
        NDArray features = input.carried().getFirst();
        NDArray sum = ops.add(ops.select(rows, 0, batch.imagePlaces()), features);
        NDArray made = ops.replaceRows(rows, batch.imagePlaces(), sum);
        return input.dropped().with(ops.reshape(made, hidden.getShape().getShape()));
    }
}
