package io.vlfinetune.trainer.model.encoder;

import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.Linear;
import io.vlfinetune.trainer.model.block.Block;
import io.vlfinetune.trainer.model.block.Branch;
import io.vlfinetune.trainer.model.block.FullAttention;
import io.vlfinetune.trainer.model.block.Join;
import io.vlfinetune.trainer.model.block.Norm;
import java.util.List;

/**
 * A pre-norm transformer block of CLIP and SigLIP on [images, places, hidden]: attention over all places, then a
 * perceptron of two layers.
 *
 * @param tower prefix of the tower's keys
 * @param number of the block, from the input
 * @param config the tower's numbers
 */
public record EncoderBlock(String tower, int number, EncoderConfig config) implements Block {
    @Override
    public List<Layer> stages() {
        long hidden = config.hidden();
        long wide = config.intermediate();
        return List.of(
                new Branch(
                        norm("layer_norm1"),
                        List.of(
                                linear("self_attn.q_proj", hidden, hidden),
                                linear("self_attn.k_proj", hidden, hidden),
                                linear("self_attn.v_proj", hidden, hidden))),
                new FullAttention(config.heads()),
                new Join(new Join.Same(), linear("self_attn.out_proj", hidden, hidden)),
                new Branch(norm("layer_norm2"), List.of(linear("mlp.fc1", wide, hidden))),
                new Join(new Join.Activated(config.activation()), linear("mlp.fc2", hidden, wide)));
    }

    private Norm norm(String part) {
        return new Norm.Layer(key(part), role(), config.hidden(), config.epsilon());
    }

    private Linear linear(String part, long out, long in) {
        return new Linear(key(part), role(), out, in, true);
    }

    private TensorRole role() {
        return TensorRole.of(Role.VisionBlock, number);
    }

    private String key(String part) {
        return tower + "encoder.layers." + number + "." + part;
    }
}
