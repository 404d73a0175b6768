package io.vlfinetune.trainer.family.internvl;

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
 * A pre-norm block of the vision tower on [tiles, places, hidden]: attention over all places of a tile, then a
 * perceptron of two layers, each scaled element by element before it is added.
 *
 * @param tower prefix of the tower's keys
 * @param number of the block, from the input
 * @param config the tower's numbers
 */
record InternVlBlock(String tower, int number, InternVlVision config) implements PlainLayer {
    /** Of the norms of queries and keys, whatever the configuration says for the others. */
    private static final double QUERY_EPSILON = 1e-6;

    @Override
    public List<LayerTensor> declared() {
        TensorRole role = TensorRole.of(Role.VisionBlock, number);
        long hidden = config.encoder().hidden();
        long wide = config.encoder().intermediate();
        List<LayerTensor> tensors = new ArrayList<>(norm("layernorm_before", role, hidden));
        for (String part : List.of("q_proj", "k_proj", "v_proj")) {
            tensors.addAll(LayerTensor.linear(key("attention." + part), role, hidden, hidden)
                    .subList(0, config.queryBias() ? 2 : 1));
        }
        if (config.normsQueries()) {
            tensors.add(LayerTensor.norm(key("attention.q_norm.weight"), role, hidden));
            tensors.add(LayerTensor.norm(key("attention.k_norm.weight"), role, hidden));
        }
        tensors.addAll(LayerTensor.linear(key("attention.projection_layer"), role, hidden, hidden));
        tensors.add(LayerTensor.weight(key("lambda_1"), role, hidden));
        tensors.addAll(norm("layernorm_after", role, hidden));
        tensors.addAll(LayerTensor.linear(key("mlp.fc1"), role, wide, hidden));
        tensors.addAll(LayerTensor.linear(key("mlp.fc2"), role, hidden, wide));
        tensors.add(LayerTensor.weight(key("lambda_2"), role, hidden));
        return tensors;
    }

    private List<LayerTensor> norm(String part, TensorRole role, long hidden) {
        return LayerTensor.layerNorm(key(part), role, hidden).subList(0, config.rmsNorm() ? 1 : 2);
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray mixed = linear(attention(norm(x, w, "layernorm_before"), w), w, "attention.projection_layer", true);
        NDArray y = ops.add(ops.multiply(w.get(key("lambda_1")), mixed), x);
        NDArray h = linear(norm(y, w, "layernorm_after"), w, "mlp.fc1", true);
        h = linear(config.encoder().activation().apply(ops, h), w, "mlp.fc2", true);
        return ops.add(ops.multiply(w.get(key("lambda_2")), h), y);
    }

    private NDArray attention(NDArray h, Weights w) {
        Ops ops = w.ops();
        NDArray query = heads(normed(linear(h, w, "attention.q_proj", config.queryBias()), w, "q_norm"), ops);
        NDArray key = heads(normed(linear(h, w, "attention.k_proj", config.queryBias()), w, "k_norm"), ops);
        NDArray value = heads(linear(h, w, "attention.v_proj", config.queryBias()), ops);
        NDArray mixed = ops.transpose(ops.attention(query, key, value, false), 1, 2);
        return ops.reshape(mixed, h.getShape().getShape());
    }

    private NDArray normed(NDArray x, Weights w, String part) {
        return config.normsQueries()
                ? w.ops().rmsNorm(x, w.get(key("attention." + part + ".weight")), QUERY_EPSILON)
                : x;
    }

    private NDArray norm(NDArray x, Weights w, String part) {
        double epsilon = config.encoder().epsilon();
        return config.rmsNorm()
                ? w.ops().rmsNorm(x, w.get(key(part + ".weight")), epsilon)
                : w.ops().layerNorm(x, w.get(key(part + ".weight")), w.get(key(part + ".bias")), epsilon);
    }

    private NDArray linear(NDArray x, Weights w, String part, boolean biased) {
        @Nullable NDArray bias = biased ? w.get(key(part + ".bias")) : null;
        return w.ops().linear(x, w.get(key(part + ".weight")), bias);
    }

    /** [tiles, places, hidden] to [tiles, heads, places, size of a head]. */
    private NDArray heads(NDArray x, Ops ops) {
        long tiles = x.getShape().get(0);
        long places = x.getShape().get(1);
        return ops.transpose(ops.reshape(x, tiles, places, config.encoder().heads(), -1), 1, 2);
    }

    private String key(String part) {
        return tower + "encoder.layer." + number + "." + part;
    }
}
