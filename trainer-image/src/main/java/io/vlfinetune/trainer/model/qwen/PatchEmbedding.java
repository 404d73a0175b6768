package io.vlfinetune.trainer.model.qwen;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Pixels [patches, 3 * frames * patch * patch] to [patches, hidden] in the tower's order. transformers convolves, but no
 * two strides overlap, so that it is a linear layer.
 *
 * @param tower prefix of the tower's keys
 * @param config the tower's numbers
 */
public record PatchEmbedding(String tower, TowerConfig config) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        TensorRole role = TensorRole.of(Role.PatchEmbedding);
        List<LayerTensor> tensors = new ArrayList<>();
        tensors.add(LayerTensor.weight(
                key(".weight"), role, config.hidden(), 3, config.frames(), config.patch(), config.patch()));
        if (config.kind().patchBias()) {
            tensors.add(LayerTensor.bias(key(".bias"), role, config.hidden()));
        }
        return tensors;
    }

    @Override
    public NDArray forward(NDArray pixels, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray weight = ops.reshape(w.get(key(".weight")), config.hidden(), -1);
        @Nullable NDArray bias = config.kind().patchBias() ? w.get(key(".bias")) : null;
        return config.order().ordered(ops.linear(ops.cast(pixels, w.precision()), weight, bias), ops, batch);
    }

    private String key(String part) {
        return tower + "patch_embed.proj" + part;
    }
}
