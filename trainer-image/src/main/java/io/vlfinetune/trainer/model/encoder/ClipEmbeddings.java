package io.vlfinetune.trainer.model.encoder;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * Patches, class token, positions and the norm before the first block: pixels [images, 3, height, width] to
 * [images, 1 + patches, hidden].
 *
 * @param prefix of its keys
 * @param config the tower's numbers
 */
public record ClipEmbeddings(String prefix, EncoderConfig config) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        long hidden = config.hidden();
        TensorRole patch = TensorRole.of(Role.PatchEmbedding);
        TensorRole norm = TensorRole.of(Role.VisionNorm);
        return List.of(
                LayerTensor.weight(patches(), patch, hidden, config.channels(), config.patch(), config.patch()),
                LayerTensor.weight(classToken(), patch, hidden),
                LayerTensor.weight(positions(), TensorRole.of(Role.VisionPosition), config.patches() + 1L, hidden),
                LayerTensor.norm(norm() + ".weight", norm, hidden),
                LayerTensor.norm(norm() + ".bias", norm, hidden));
    }

    @Override
    public NDArray forward(NDArray pixels, Weights w, Batch batch) {
        config.requireSize(pixels, batch);
        Ops ops = w.ops();
        long images = pixels.getShape().get(0);
        long hidden = config.hidden();
        NDArray patches = ops.convolution(ops.cast(pixels, w.precision()), w.get(patches()), config.patch());
        patches = ops.transpose(ops.reshape(patches, images, hidden, -1), 1, 2);
        NDArray first = ops.expand(ops.reshape(w.get(classToken()), 1, 1, hidden), images, 1, hidden);
        NDArray x = ops.add(ops.concatenate(first, patches, 1), w.get(positions()));
        return ops.layerNorm(x, w.get(norm() + ".weight"), w.get(norm() + ".bias"), config.epsilon());
    }

    private String patches() {
        return prefix + "embeddings.patch_embedding.weight";
    }

    private String classToken() {
        return prefix + "embeddings.class_embedding";
    }

    private String positions() {
        return prefix + "embeddings.position_embedding.weight";
    }

    /** Misspelt in transformers and so in every checkpoint. */
    private String norm() {
        return prefix + "pre_layrnorm";
    }
}
