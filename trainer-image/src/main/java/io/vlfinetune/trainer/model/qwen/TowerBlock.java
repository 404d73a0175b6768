package io.vlfinetune.trainer.model.qwen;

import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.Linear;
import io.vlfinetune.trainer.model.block.Block;
import io.vlfinetune.trainer.model.block.Branch;
import io.vlfinetune.trainer.model.block.Join;
import java.util.ArrayList;
import java.util.List;

/**
 * A pre-norm block on [patches, hidden]: attention within each image or each window, then a perceptron.
 *
 * @param tower prefix of the tower's keys
 * @param number of the block, from the input
 * @param config the tower's numbers
 */
public record TowerBlock(String tower, int number, TowerConfig config) implements Block {
    @Override
    public List<Layer> stages() {
        TensorRole role = TensorRole.of(Role.VisionBlock, number);
        long hidden = config.hidden();
        TowerKind kind = config.kind();
        List<Layer> stages = new ArrayList<>();
        stages.add(new Branch(
                kind.norm(key("norm1"), role, hidden),
                List.of(new Linear(key("attn.qkv"), role, 3 * hidden, hidden, true))));
        stages.add(new TowerAttention(number, config));
        stages.add(new Join(new Join.Same(), new Linear(key("attn.proj"), role, hidden, hidden, true)));
        stages.addAll(kind.perceptron(key("mlp."), kind.norm(key("norm2"), role, hidden), role, config));
        return stages;
    }

    private String key(String part) {
        return tower + "blocks." + number + "." + part;
    }
}
