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
 * A pre-norm transformer block of CLIP and SigLIP on [images, places, hidden]: attention over all places, then a perceptron of two
 * layers.
 *
 * @param tower prefix of the tower's keys
 * @param number of the block, from the input
 * @param config the tower's numbers
 */
public record EncoderBlock(String tower, int number, EncoderConfig config) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        TensorRole role = TensorRole.of(Role.VisionBlock, number);
        long hidden = config.hidden();
        long wide = config.intermediate();
        List<LayerTensor> tensors = new ArrayList<>(LayerTensor.layerNorm(key("layer_norm1"), role, hidden));
        for (String part : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
            tensors.addAll(LayerTensor.linear(key("self_attn." + part), role, hidden, hidden));
        }
        tensors.addAll(LayerTensor.layerNorm(key("layer_norm2"), role, hidden));
        tensors.addAll(LayerTensor.linear(key("mlp.fc1"), role, wide, hidden));
        tensors.addAll(LayerTensor.linear(key("mlp.fc2"), role, hidden, wide));
        return tensors;
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray h = norm(x, w, "layer_norm1");
        NDArray query = heads(linear(h, w, "self_attn.q_proj"), ops);
        NDArray key = heads(linear(h, w, "self_attn.k_proj"), ops);
        NDArray value = heads(linear(h, w, "self_attn.v_proj"), ops);
        NDArray mixed = ops.transpose(ops.attention(query, key, value, false), 1, 2);
        mixed = ops.reshape(mixed, x.getShape().getShape());
        NDArray y = ops.add(x, linear(mixed, w, "self_attn.out_proj"));
        h = config.activation().apply(ops, linear(norm(y, w, "layer_norm2"), w, "mlp.fc1"));
        return ops.add(y, linear(h, w, "mlp.fc2"));
    }

    private NDArray norm(NDArray x, Weights w, String part) {
        return w.ops().layerNorm(x, w.get(key(part) + ".weight"), w.get(key(part) + ".bias"), config.epsilon());
    }

    private NDArray linear(NDArray x, Weights w, String part) {
        return w.ops().linear(x, w.get(key(part) + ".weight"), w.get(key(part) + ".bias"));
    }

    /** [images, places, hidden] to [images, heads, places, size of a head]. */
    private NDArray heads(NDArray x, Ops ops) {
        long images = x.getShape().get(0);
        long places = x.getShape().get(1);
        return ops.transpose(ops.reshape(x, images, places, config.heads(), -1), 1, 2);
    }

    private String key(String part) {
        return tower + "encoder.layers." + number + "." + part;
    }
}
