package io.vlfinetune.trainer.model.llama;

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
 * A block of Llama on [rows, length, hidden]: norm, causal attention with rotary positions and grouped keys, norm, gated
 * perceptron.
 *
 * @param decoder prefix of the decoder's keys
 * @param number of the block, from the input
 * @param config the decoder's numbers
 */
public record LlamaBlock(String decoder, int number, LlamaConfig config) implements PlainLayer {
    @Override
    public List<LayerTensor> declared() {
        TensorRole role = TensorRole.of(Role.LanguageBlock, number);
        long hidden = config.hidden();
        long wide = config.intermediate();
        long queries = (long) config.heads() * config.headSize();
        long keys = (long) config.groups() * config.headSize();
        return List.of(
                LayerTensor.norm(key("input_layernorm"), role, hidden),
                LayerTensor.weight(key("self_attn.q_proj"), role, queries, hidden),
                LayerTensor.weight(key("self_attn.k_proj"), role, keys, hidden),
                LayerTensor.weight(key("self_attn.v_proj"), role, keys, hidden),
                LayerTensor.weight(key("self_attn.o_proj"), role, hidden, queries),
                LayerTensor.norm(key("post_attention_layernorm"), role, hidden),
                LayerTensor.weight(key("mlp.gate_proj"), role, wide, hidden),
                LayerTensor.weight(key("mlp.up_proj"), role, wide, hidden),
                LayerTensor.weight(key("mlp.down_proj"), role, hidden, wide));
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray h = ops.rmsNorm(x, w.get(key("input_layernorm")), config.epsilon());
        NDArray y = ops.add(x, linear(attention(h, w), w, "self_attn.o_proj"));
        h = ops.rmsNorm(y, w.get(key("post_attention_layernorm")), config.epsilon());
        NDArray gate = config.activation().apply(ops, linear(h, w, "mlp.gate_proj"));
        NDArray gated = ops.multiply(gate, linear(h, w, "mlp.up_proj"));
        return ops.add(y, linear(gated, w, "mlp.down_proj"));
    }

    private NDArray attention(NDArray h, Weights w) {
        Ops ops = w.ops();
        int length = (int) h.getShape().get(1);
        RotaryTable table = new RotaryTable(config.headSize(), config.ropeTheta());
        NDArray cosines = table.cosines(w, length);
        NDArray sines = table.sines(w, length);
        NDArray query = ops.rotate(heads(linear(h, w, "self_attn.q_proj"), config.heads(), ops), cosines, sines);
        NDArray key = ops.rotate(heads(linear(h, w, "self_attn.k_proj"), config.groups(), ops), cosines, sines);
        NDArray value = heads(linear(h, w, "self_attn.v_proj"), config.groups(), ops);
        long times = config.heads() / config.groups();
        NDArray mixed = ops.attention(query, ops.repeat(key, times, 1), ops.repeat(value, times, 1), true);
        return ops.reshape(ops.transpose(mixed, 1, 2), h.getShape().get(0), length, -1);
    }

    private NDArray linear(NDArray x, Weights w, String part) {
        return w.ops().linear(x, w.get(key(part)), null);
    }

    /** [rows, length, count * size] to [rows, count, length, size]. */
    private static NDArray heads(NDArray x, int count, Ops ops) {
        return ops.transpose(ops.reshape(x, x.getShape().get(0), x.getShape().get(1), count, -1), 1, 2);
    }

    private String key(String part) {
        return decoder + "layers." + number + "." + part + ".weight";
    }
}
