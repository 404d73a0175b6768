package io.vlfinetune.trainer.model.decoder;

import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.Linear;
import io.vlfinetune.trainer.model.NarrowingLayer;
import io.vlfinetune.trainer.model.block.Block;
import io.vlfinetune.trainer.model.block.Branch;
import io.vlfinetune.trainer.model.block.Join;
import io.vlfinetune.trainer.model.block.Norm;
import io.vlfinetune.trainer.model.block.NormedAddition;
import io.vlfinetune.trainer.model.block.Project;
import java.util.ArrayList;
import java.util.List;

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
        implements Block, NarrowingLayer {
    /** A block that does everything at every place. */
    public GemmaBlock(String decoder, int number, GemmaConfig config) {
        this(decoder, number, config, false);
    }

    @Override
    public GemmaBlock atTargets() {
        return new GemmaBlock(decoder, number, config, true);
    }

    @Override
    public List<Layer> stages() {
        long hidden = config.hidden();
        long wide = config.intermediate();
        long queries = (long) config.heads() * config.headSize();
        long keys = (long) config.groups() * config.headSize();
        List<Layer> stages = new ArrayList<>();
        stages.add(new Branch(
                norm("input_layernorm"),
                List.of(
                        linear("self_attn.q_proj", queries, hidden, config.biases()),
                        linear("self_attn.k_proj", keys, hidden, config.biases()),
                        linear("self_attn.v_proj", keys, hidden, config.biases()))));
        stages.add(new GemmaAttention(key("self_attn."), number, config));
        if (narrowed) {
            stages.add(new TargetPlaces());
        }
        stages.add(new Project(new Join.Same(), linear("self_attn.o_proj", hidden, queries, config.biases())));
        stages.add(new NormedAddition(norm("post_attention_layernorm")));
        stages.add(new Branch(
                norm("pre_feedforward_layernorm"),
                List.of(linear("mlp.gate_proj", wide, hidden, false), linear("mlp.up_proj", wide, hidden, false))));
        stages.add(new Project(new Join.Gated(config.activation()), linear("mlp.down_proj", hidden, wide, false)));
        stages.add(new NormedAddition(norm("post_feedforward_layernorm")));
        return stages;
    }

    private Norm norm(String part) {
        return new Norm.OnePlus(key(part), role(), config.hidden(), config.epsilon());
    }

    private Linear linear(String part, long out, long in, boolean biased) {
        return new Linear(key(part), role(), out, in, biased);
    }

    private TensorRole role() {
        return TensorRole.of(Role.LanguageBlock, number);
    }

    private String key(String part) {
        return decoder + "layers." + number + "." + part;
    }
}
