package io.vlfinetune.trainer.model.qwen;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * A pre-norm block on [patches, hidden]: attention within each image or each window, then a perceptron.
 *
 * @param tower prefix of the tower's keys
 * @param number of the block, from the input
 * @param config the tower's numbers
 */
public record TowerBlock(String tower, int number, TowerConfig config) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        TensorRole role = TensorRole.of(Role.VisionBlock, number);
        long hidden = config.hidden();
        TowerKind kind = config.kind();
        List<LayerTensor> tensors = new ArrayList<>(kind.norm().declared(key("norm1"), role, hidden));
        tensors.addAll(LayerTensor.linear(key("attn.qkv"), role, 3 * hidden, hidden));
        tensors.addAll(LayerTensor.linear(key("attn.proj"), role, hidden, hidden));
        tensors.addAll(kind.norm().declared(key("norm2"), role, hidden));
        tensors.addAll(kind.perceptron().declared(key("mlp."), role, hidden, config.intermediate()));
        return tensors;
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        TowerKind kind = config.kind();
        NDArray mixed = attention(kind.norm().apply(x, w, key("norm1")), w, batch);
        NDArray y = ops.add(x, linear(mixed, w, "attn.proj"));
        NDArray h = kind.norm().apply(y, w, key("norm2"));
        return ops.add(y, kind.perceptron().apply(h, w, key("mlp."), config.activation()));
    }

    private NDArray attention(NDArray h, Weights w, Batch batch) {
        Ops ops = w.ops();
        int heads = config.heads();
        long size = config.hidden() / heads;
        long patches = h.getShape().get(0);
        // [3 * heads, patches, size]: queries, keys, values
        NDArray all = ops.transpose(ops.reshape(linear(h, w, "attn.qkv"), patches, 3L * heads, size), 0, 1);
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
            NDArray one =
                    ops.attention(part(query, at, run, ops), part(key, at, run, ops), part(value, at, run, ops), false);
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

    private NDArray linear(NDArray x, Weights w, String part) {
        return w.ops().linear(x, w.get(key(part) + ".weight"), w.get(key(part) + ".bias"));
    }

    private String key(String part) {
        return tower + "blocks." + number + "." + part;
    }
}
