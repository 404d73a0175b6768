package io.vlfinetune.trainer.model.qwen;

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
import java.util.ArrayList;
import java.util.List;

/**
 * Attention within each image or each window: takes queries, keys and values [patches, 3 * hidden] from what is carried,
 * and carries their mixture [patches, hidden].
 *
 * @param number of the block, which decides between images and windows
 * @param config the tower's numbers
 */
record TowerAttention(int number, TowerConfig config) implements Layer {
    @Override
    public List<LayerTensor> declared() {
        return List.of();
    }

    /** Turned queries and keys and their Float32 originals, the mixture by heads, by runs and as it is handed on. */
    @Override
    public Footprint footprint(Widths input) {
        long hidden = config.hidden();
        return new Footprint(input.dropped(1).carryingFirst(List.of(hidden)), 5 * hidden).within(4 * hidden);
    }

    @Override
    public boolean isCheap(DType precision) {
        return AttentionKernel.isCheap(precision);
    }

    @Override
    public Flow forward(Flow input, Weights w, Batch batch) {
        return input.taking(1, mixed(input.carried().getFirst(), w, batch));
    }

    private NDArray mixed(NDArray made, Weights w, Batch batch) {
        Ops ops = w.ops();
        int heads = config.heads();
        long size = config.hidden() / heads;
        long patches = made.getShape().get(0);
        // [3 * heads, patches, size]: queries, keys, values
        NDArray all = ops.transpose(ops.reshape(made, patches, 3L * heads, size), 0, 1);
        NDArray turned = rotated(ops.narrow(all, 0, 0, 2L * heads), w, batch);
        NDArray query = ops.narrow(turned, 0, 0, heads);
        NDArray key = ops.narrow(turned, 0, heads, heads);
        NDArray value = ops.narrow(all, 0, 2L * heads, heads);
        List<PatchOrder.Run> runs = config.fullBlocks().contains(number)
                ? config.order().images(batch)
                : config.order().windows(batch);
        List<NDArray> mixed = new ArrayList<>();
        long at = 0;
        for (PatchOrder.Run run : runs) {
            NDArray one = ops.attention(
                    part(query, at, run, ops), part(key, at, run, ops), part(value, at, run, ops), new Looks.All());
            mixed.add(ops.reshape(ops.transpose(one, 1, 2), -1, config.hidden()));
            at += (long) run.count() * run.length();
        }
        return ops.concatenate(mixed, 0);
    }

    /** Queries and keys [heads, patches, size], in Float32 meanwhile as in transformers. */
    private NDArray rotated(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray exact =
                ops.cast(ops.reshape(x, 1, x.getShape().get(0), x.getShape().get(1), -1), DType.F32);
        TowerRotary rotary = config.rotary();
        NDArray turned = ops.rotate(exact, rotary.cosines(ops, batch), rotary.sines(ops, batch));
        return ops.cast(ops.reshape(turned, x.getShape().getShape()), w.precision());
    }

    /** A run of [heads, patches, size] as [count, heads, length, size]. */
    private NDArray part(NDArray x, long start, PatchOrder.Run run, Ops ops) {
        NDArray stretch = ops.narrow(x, 1, start, (long) run.count() * run.length());
        return ops.transpose(ops.reshape(stretch, config.heads(), run.count(), run.length(), -1), 0, 1);
    }
}
