package io.vlfinetune.trainer.family.internvl;

import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.Linear;
import io.vlfinetune.trainer.model.block.Block;
import io.vlfinetune.trainer.model.block.Branch;
import io.vlfinetune.trainer.model.block.Join;
import io.vlfinetune.trainer.model.block.Norm;
import io.vlfinetune.trainer.model.block.Project;
import io.vlfinetune.trainer.model.block.ScaledAddition;
import java.util.List;

/**
 * A pre-norm block of the vision tower on [tiles, places, hidden]: attention over all places of a tile, then a
 * perceptron of two layers, each scaled element by element before it is added.
 *
 * @param tower prefix of the tower's keys
 * @param number of the block, from the input
 * @param config the tower's numbers
 */
record InternVlBlock(String tower, int number, InternVlVision config) implements Block {
    @Override
    public List<Layer> stages() {
        long hidden = config.encoder().hidden();
        long wide = config.encoder().intermediate();
        boolean biased = config.queryBias();
        return List.of(
                new Branch(
                        norm("layernorm_before"),
                        List.of(
                                linear("attention.q_proj", hidden, hidden, biased),
                                linear("attention.k_proj", hidden, hidden, biased),
                                linear("attention.v_proj", hidden, hidden, biased))),
                new InternVlAttention(key("attention."), role(), config),
                new Project(new Join.Same(), linear("attention.projection_layer", hidden, hidden, true)),
                new ScaledAddition(key("lambda_1"), role(), hidden),
                new Branch(norm("layernorm_after"), List.of(linear("mlp.fc1", wide, hidden, true))),
                new Project(new Join.Activated(config.encoder().activation()), linear("mlp.fc2", hidden, wide, true)),
                new ScaledAddition(key("lambda_2"), role(), hidden));
    }

    private Norm norm(String part) {
        long hidden = config.encoder().hidden();
        double epsilon = config.encoder().epsilon();
        return config.rmsNorm()
                ? new Norm.RootMeanSquare(key(part), role(), hidden, epsilon)
                : new Norm.Layer(key(part), role(), hidden, epsilon);
    }

    private Linear linear(String part, long out, long in, boolean biased) {
        return new Linear(key(part), role(), out, in, biased);
    }

    private TensorRole role() {
        return TensorRole.of(Role.VisionBlock, number);
    }

    private String key(String part) {
        return tower + "encoder.layer." + number + "." + part;
    }
}
