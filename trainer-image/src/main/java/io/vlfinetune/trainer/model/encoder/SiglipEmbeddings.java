package io.vlfinetune.trainer.model.encoder;

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

/**
 * SigLIP's patches and positions: pixels [images, 3, height, width] to [images, patches, hidden]. There is no class
 * token, and no norm before the blocks.
 *
 * <p>Patches are numbered row by row. transformers finds the same numbers for Idefics3 by sorting coordinates between 0
 * and 1 into buckets in Float32, which is exact for the sides of published towers (26, 27 and 32 patches) and one too low
 * for some patches of others (25, for one); here they are exact for all.
 *
 * @param prefix of its keys
 * @param config the tower's numbers
 */
public record SiglipEmbeddings(String prefix, EncoderConfig config) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        TensorRole patch = TensorRole.of(Role.PatchEmbedding);
        long hidden = config.hidden();
        List<LayerTensor> tensors = new ArrayList<>();
        tensors.add(LayerTensor.weight(
                patches() + ".weight", patch, hidden, config.channels(), config.patch(), config.patch()));
        tensors.add(LayerTensor.bias(patches() + ".bias", patch, hidden));
        tensors.add(LayerTensor.weight(positions(), TensorRole.of(Role.VisionPosition), config.patches(), hidden));
        return tensors;
    }

    @Override
    public NDArray forward(NDArray pixels, Weights w, Batch batch) {
        config.requireSize(pixels, batch);
        Ops ops = w.ops();
        NDArray patches = ops.convolution(
                ops.cast(pixels, w.precision()),
                w.get(patches() + ".weight"),
                w.get(patches() + ".bias"),
                config.patch());
        patches = ops.transpose(ops.reshape(patches, pixels.getShape().get(0), config.hidden(), -1), 1, 2);
        return ops.add(patches, w.get(positions()));
    }

    private String patches() {
        return prefix + "embeddings.patch_embedding";
    }

    private String positions() {
        return prefix + "embeddings.position_embedding.weight";
    }
}
