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
 * A block of Gemma 3 on [rows, length, hidden]: attention and a gated perceptron, each between two norms (transformers:
 * models/gemma3). Norms scale by {@code 1 + weight}, queries and keys are normed, images look at themselves in both
 * directions, and sliding layers look back only so far.
 *
 * @param decoder prefix of the decoder's keys
 * @param number of the block, from the input
 * @param config the decoder's numbers
 * @param narrowed whether everything after the attention is done only at places with a target
 */
public record GemmaBlock(String decoder, int number, GemmaConfig config, boolean narrowed)
        implements PlainLayer, NarrowingLayer {
    /** A block that does everything at every place. */
    public GemmaBlock(String decoder, int number, GemmaConfig config) {
        this(decoder, number, config, false);
    }

    @Override
    public GemmaBlock atTargets() {
        return new GemmaBlock(decoder, number, config, true);
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
        tensors.addAll(linear("self_attn.q_proj", role, queries, hidden));
        tensors.addAll(linear("self_attn.k_proj", role, keys, hidden));
        tensors.addAll(linear("self_attn.v_proj", role, keys, hidden));
        tensors.addAll(linear("self_attn.o_proj", role, hidden, queries));
        tensors.add(LayerTensor.norm(key("self_attn.q_norm.weight"), role, config.headSize()));
        tensors.add(LayerTensor.norm(key("self_attn.k_norm.weight"), role, config.headSize()));
        tensors.add(LayerTensor.norm(key("post_attention_layernorm.weight"), role, hidden));
        tensors.add(LayerTensor.norm(key("pre_feedforward_layernorm.weight"), role, hidden));
        tensors.add(LayerTensor.weight(key("mlp.gate_proj.weight"), role, wide, hidden));
        tensors.add(LayerTensor.weight(key("mlp.up_proj.weight"), role, wide, hidden));
        tensors.add(LayerTensor.weight(key("mlp.down_proj.weight"), role, hidden, wide));
        tensors.add(LayerTensor.norm(key("post_feedforward_layernorm.weight"), role, hidden));
        return tensors;
    }

    private List<LayerTensor> linear(String part, TensorRole role, long out, long in) {
        return LayerTensor.linear(key(part), role, out, in).subList(0, config.biases() ? 2 : 1);
    }

    @Override
    public NDArray forward(NDArray x, Weights w, Batch batch) {
        Ops ops = w.ops();
        NDArray mixed = kept(attention(norm(x, w, "input_layernorm"), w, batch), batch, ops);
        NDArray y =
                ops.add(kept(x, batch, ops), norm(linear(mixed, w, "self_attn.o_proj"), w, "post_attention_layernorm"));
        NDArray h = norm(y, w, "pre_feedforward_layernorm");
        NDArray gate = config.activation().apply(ops, ops.linear(h, w.get(key("mlp.gate_proj.weight")), null));
        NDArray gated = ops.multiply(gate, ops.linear(h, w.get(key("mlp.up_proj.weight")), null));
        NDArray made = ops.linear(gated, w.get(key("mlp.down_proj.weight")), null);
        return ops.add(y, norm(made, w, "post_feedforward_layernorm"));
    }

    /** The places that are read further on. */
    private NDArray kept(NDArray x, Batch batch, Ops ops) {
        return narrowed ? batch.atTargets(x, ops) : x;
    }

    private NDArray attention(NDArray h, Weights w, Batch batch) {
        Ops ops = w.ops();
        boolean slides = config.sliding().get(number);
        Rotary rotary = slides ? config.near() : config.far();
        AttentionMask mask = slides ? new AttentionMask(config.window()) : AttentionMask.WHOLE;
        NDArray cosines = rotary.cosines(w, batch);
        NDArray sines = rotary.sines(w, batch);
        NDArray query = ops.rotate(norm(heads(h, w, "q", config.heads()), w, "self_attn.q_norm"), cosines, sines);
        NDArray key = ops.rotate(norm(heads(h, w, "k", config.groups()), w, "self_attn.k_norm"), cosines, sines);
        NDArray value = heads(h, w, "v", config.groups());
        long times = config.heads() / config.groups();
        NDArray mixed = ops.attention(
                query, ops.repeat(key, times, 1), ops.repeat(value, times, 1), mask.of(w, batch), config.scale());
        return ops.reshape(
                ops.transpose(mixed, 1, 2), h.getShape().get(0), h.getShape().get(1), -1);
    }

    private NDArray norm(NDArray x, Weights w, String part) {
        return w.ops().rmsNormOnePlus(x, w.get(key(part + ".weight")), config.epsilon());
    }

    private NDArray linear(NDArray x, Weights w, String part) {
        @Nullable NDArray bias = config.biases() ? w.get(key(part + ".bias")) : null;
        return w.ops().linear(x, w.get(key(part + ".weight")), bias);
    }

    /** [rows, length, hidden] to [rows, count, length, size]. */
    private NDArray heads(NDArray h, Weights w, String part, int count) {
        Ops ops = w.ops();
        NDArray x = linear(h, w, "self_attn." + part + "_proj");
        return ops.transpose(ops.reshape(x, x.getShape().get(0), x.getShape().get(1), count, -1), 1, 2);
    }

    private String key(String part) {
        return decoder + "layers." + number + "." + part;
    }
}
