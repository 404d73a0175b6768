package io.vlfinetune.trainer.family.internvl;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.model.encoder.EncoderConfig;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * Patches, class token and positions: tiles [tiles, 3, height, width] to [tiles, 1 + patches, hidden].
 *
 * @param tower prefix of the tower's keys
 * @param config the tower's numbers
 */
record InternVlEmbeddings(String tower, InternVlVision config) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        EncoderConfig encoder = config.encoder();
        long hidden = encoder.hidden();
        TensorRole patch = TensorRole.of(Role.PatchEmbedding);
        List<LayerTensor> tensors = new ArrayList<>();
        tensors.add(LayerTensor.weight(key("cls_token"), patch, 1, 1, hidden));
        tensors.add(LayerTensor.weight(
                key("patch_embeddings.projection.weight"),
                patch,
                hidden,
                encoder.channels(),
                encoder.patch(),
                encoder.patch()));
        tensors.add(LayerTensor.bias(key("patch_embeddings.projection.bias"), patch, hidden));
        if (config.positions()) {
            tensors.add(LayerTensor.weight(
                    key("position_embeddings"), TensorRole.of(Role.VisionPosition), 1, encoder.patches() + 1L, hidden));
        }
        return tensors;
    }

    /** What the checkpoint has for training with masks. */
    List<LayerTensor> unused() {
        return config.maskToken()
                ? List.of(LayerTensor.weight(
                        key("mask_token"),
                        TensorRole.of(Role.PatchEmbedding),
                        1,
                        1,
                        config.encoder().hidden()))
                : List.of();
    }

    @Override
    public NDArray forward(NDArray pixels, Weights w, Batch batch) {
        Ops ops = w.ops();
        long tiles = pixels.getShape().get(0);
        long hidden = config.encoder().hidden();
        NDArray patches = ops.convolution(
                ops.cast(pixels, w.precision()),
                w.get(key("patch_embeddings.projection.weight")),
                config.encoder().patch());
        patches = ops.transpose(ops.reshape(patches, tiles, hidden, -1), 1, 2);
        patches = ops.add(patches, w.get(key("patch_embeddings.projection.bias")));
        NDArray x = ops.concatenate(ops.expand(w.get(key("cls_token")), tiles, 1, hidden), patches, 1);
        return config.positions() ? ops.add(x, w.get(key("position_embeddings"))) : x;
    }

    private String key(String part) {
        return tower + "embeddings." + part;
    }
}
