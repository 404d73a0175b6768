package io.vlfinetune.trainer.model.decoder;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.NarrowingLayer;
import io.vlfinetune.trainer.model.PlainLayer;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A block of Llama, Mistral or Qwen on [rows, length, hidden]: norm, causal attention with rotary positions and grouped
 * keys, norm, gated perceptron.
 *
 * @param decoder prefix of the decoder's keys
 * @param number of the block, from the input
 * @param config the decoder's numbers
 * @param narrowed whether everything after the attention is done only at places with a target
 */
public record DecoderBlock(String decoder, int number, DecoderConfig config, boolean narrowed)
        implements PlainLayer, NarrowingLayer {
    /** A block that does everything at every place. */
    public DecoderBlock(String decoder, int number, DecoderConfig config) {
        this(decoder, number, config, false);
    }

    @Override
    public DecoderBlock atTargets() {
        return new DecoderBlock(decoder, number, config, true);
    }

    @Override
    public List<LayerTensor> declared() {
        TensorRole role = TensorRole.of(Role.LanguageBlock, number);
        long hidden = config.hidden();
        long wide = config.intermediate();
        long queries = (long) config.heads() * config.headSize();
        long keys = (long) config.groups() * config.headSize();
        List<LayerTensor> tensors = new ArrayList<>();
        tensors.add(LayerTensor.norm(key("input_layernorm.weight"), role, hidden));
        tensors.addAll(linear("self_attn.q_proj", role, queries, hidden, config.queryBias()));
        tensors.addAll(linear("self_attn.k_proj", role, keys, hidden, config.queryBias()));
        tensors.addAll(linear("self_attn.v_proj", role, keys, hidden, config.queryBias()));
        tensors.addAll(linear("self_attn.o_proj", role, hidden, queries, config.outputBias()));
        if (config.normsQueries()) {
            tensors.add(LayerTensor.norm(key("self_attn.q_norm.weight"), role, config.headSize()));
            tensors.add(LayerTensor.norm(key("self_attn.k_norm.weight"), role, config.headSize()));
        }
        tensors.add(LayerTensor.norm(key("post_attention_layernorm.weight"), role, hidden));
        tensors.add(LayerTensor.weight(key("mlp.gate_proj.weight"), role, wide, hidden));
        tensors.add(LayerTensor.weight(key("mlp.up_proj.weight"), role, wide, hidden));
        tensors.add(LayerTensor.weight(key("mlp.down_proj.weight"), role, hidden, wide));
        return tensors;
    }

    private List<LayerTensor> linear(String part, TensorRole role, long out, long in, boolean bias) {
        return LayerTensor.linear(key(part), role, out, in).subList(0, bias ? 2 : 1);
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray h = ops.rmsNorm(x, w.get(key("input_layernorm.weight")), config.epsilon());
        NDArray mixed = kept(attention(h, w, batch), batch, ops);
        NDArray y = ops.add(kept(x, batch, ops), linear(mixed, w, "self_attn.o_proj", config.outputBias()));
        h = ops.rmsNorm(y, w.get(key("post_attention_layernorm.weight")), config.epsilon());
        NDArray gate = config.activation().apply(ops, linear(h, w, "mlp.gate_proj", false));
        NDArray gated = ops.multiply(gate, linear(h, w, "mlp.up_proj", false));
        return ops.add(y, linear(gated, w, "mlp.down_proj", false));
    }

    /** The places that are read further on. */
    private NDArray kept(NDArray x, Batch batch, Ops ops) {
        return narrowed ? batch.atTargets(x, ops) : x;
    }

    private NDArray attention(NDArray h, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray cosines = config.rotary().cosines(w, batch);
        NDArray sines = config.rotary().sines(w, batch);
        NDArray query = ops.rotate(normed(heads(h, w, "q", config.heads()), w, "q"), cosines, sines);
        NDArray key = ops.rotate(normed(heads(h, w, "k", config.groups()), w, "k"), cosines, sines);
        NDArray value = heads(h, w, "v", config.groups());
        long times = config.heads() / config.groups();
        NDArray mixed = ops.attention(query, ops.repeat(key, times, 1), ops.repeat(value, times, 1), true);
        return ops.reshape(
                ops.transpose(mixed, 1, 2), h.getShape().get(0), h.getShape().get(1), -1);
    }

    /** Norms each head, [rows, heads, length, size]. */
    private NDArray normed(NDArray x, Weights w, String part) {
        return config.normsQueries()
                ? w.ops().rmsNorm(x, w.get(key("self_attn." + part + "_norm.weight")), config.epsilon())
                : x;
    }

    private NDArray linear(NDArray x, Weights w, String part, boolean biased) {
        @Nullable NDArray bias = biased ? w.get(key(part + ".bias")) : null;
        return w.ops().linear(x, w.get(key(part + ".weight")), bias);
    }

    /** [rows, length, hidden] to [rows, count, length, size]. */
    private NDArray heads(NDArray h, Weights w, String part, int count) {
        Ops ops = w.ops();
        NDArray x = linear(h, w, "self_attn." + part + "_proj", config.queryBias());
        return ops.transpose(ops.reshape(x, x.getShape().get(0), x.getShape().get(1), count, -1), 1, 2);
    }

    private String key(String part) {
        return decoder + "layers." + number + "." + part;
    }
}
