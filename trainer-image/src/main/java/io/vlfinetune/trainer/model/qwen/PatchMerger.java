package io.vlfinetune.trainer.model.qwen;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Activation;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.model.block.Norm;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * Patches [patches, hidden] to features of the language model [features, out], row by row: neighbouring patches joined,
 * then two layers.
 *
 * @param prefix of its keys
 * @param config the tower's numbers
 * @param normsJoined whether the norm comes after the patches were joined
 */
public record PatchMerger(String prefix, TowerConfig config, boolean normsJoined) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        TensorRole role = TensorRole.of(Role.Projector);
        TowerKind kind = config.kind();
        List<LayerTensor> tensors = new ArrayList<>(norm().declared());
        tensors.addAll(LayerTensor.linear(prefix + kind.mergerFirst(), role, joined(), joined()));
        tensors.addAll(LayerTensor.linear(prefix + kind.mergerSecond(), role, config.out(), joined()));
        return tensors;
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        TowerKind kind = config.kind();
        NDArray given = normsJoined ? ops.reshape(x, -1, joined()) : x;
        NDArray normed = ops.reshape(norm().apply(given, w), -1, joined());
        NDArray h = Activation.Gelu.apply(ops, linear(normed, w, kind.mergerFirst()));
        return config.order().restored(linear(h, w, kind.mergerSecond()), ops, batch);
    }

    private Norm norm() {
        TowerKind kind = config.kind();
        return kind.norm(
                prefix + kind.mergerNorm(), TensorRole.of(Role.Projector), normsJoined ? joined() : config.hidden());
    }

    private long joined() {
        return (long) config.hidden() * config.merge() * config.merge();
    }

    private NDArray linear(NDArray x, Weights w, String part) {
        return w.ops().linear(x, w.get(prefix + part + ".weight"), w.get(prefix + part + ".bias"));
    }
}
