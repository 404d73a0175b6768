package io.vlfinetune.trainer.model.block;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.AttentionKernel;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Looks;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Footprint;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.Widths;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * Attention of every place to every place: takes queries, keys and values [images, places, hidden] from what is carried,
 * and carries their mixture.
 *
 * @param heads how many heads
 */
public record FullAttention(int heads) implements Layer {
    @Override
    public List<LayerTensor> declared() {
        return List.of();
    }

    /** The mixture, by heads as its graph keeps it and as it is handed on. */
    @Override
    public Footprint footprint(Widths input) {
        long mixture = input.carried().getFirst();
        return new Footprint(input.dropped(3).carryingFirst(List.of(mixture)), 2 * mixture).within(mixture);
    }

    @Override
    public boolean isCheap(DType precision) {
        return AttentionKernel.isCheap(precision);
    }

    @Override
    public Flow forward(Flow input, Weights w, Batch batch) {
        Ops ops = w.ops();
        List<NDArray> carried = input.carried();
        NDArray mixed = ops.attention(
                heads(carried.get(0), ops), heads(carried.get(1), ops), heads(carried.get(2), ops), new Looks.All());
        long[] shape = carried.getFirst().getShape().getShape();
        return input.taking(3, ops.reshape(ops.transpose(mixed, 1, 2), shape));
    }

    /** [images, places, hidden] to [images, heads, places, size of a head]. */
    private NDArray heads(NDArray x, Ops ops) {
        long images = x.getShape().get(0);
        long places = x.getShape().get(1);
        return ops.transpose(ops.reshape(x, images, places, heads, -1), 1, 2);
    }
}
