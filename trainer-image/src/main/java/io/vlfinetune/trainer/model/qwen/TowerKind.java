package io.vlfinetune.trainer.model.qwen;

import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.Linear;
import io.vlfinetune.trainer.model.block.Branch;
import io.vlfinetune.trainer.model.block.Join;
import io.vlfinetune.trainer.model.block.Norm;
import java.util.List;

/** What tells the towers apart, by the names of their tensors. */
public enum TowerKind {
    /** modeling_qwen2_vl.py. */
    Qwen2,
    /** modeling_qwen2_5_vl.py. */
    Qwen25,
    /** modeling_qwen3_vl.py. */
    Qwen3;

    /** The same in all towers, whatever the configuration says. */
    private static final double EPSILON = 1e-6;

    /** A norm of blocks and mergers. */
    Norm norm(String name, TensorRole role, long size) {
        return switch (this) {
            case Qwen2, Qwen3 -> new Norm.Layer(name, role, size, EPSILON);
            case Qwen25 -> new Norm.RootMeanSquare(name, role, size, EPSILON);
        };
    }

    /**
     * The stages of a block's perceptron.
     *
     * @param prefix of its keys, with a dot at the end
     * @param norm before it
     */
    List<Layer> perceptron(String prefix, Norm norm, TensorRole role, TowerConfig config) {
        return switch (this) {
            case Qwen2 -> plain(prefix + "fc1", prefix + "fc2", norm, role, config);
            case Qwen25 -> gated(prefix, norm, role, config);
            case Qwen3 -> plain(prefix + "linear_fc1", prefix + "linear_fc2", norm, role, config);
        };
    }

    private static List<Layer> plain(String first, String second, Norm norm, TensorRole role, TowerConfig config) {
        long hidden = config.hidden();
        long wide = config.intermediate();
        return List.of(
                new Branch(norm, List.of(new Linear(first, role, wide, hidden, true))),
                new Join(new Join.Activated(config.activation()), new Linear(second, role, hidden, wide, true)));
    }

    private static List<Layer> gated(String prefix, Norm norm, TensorRole role, TowerConfig config) {
        long hidden = config.hidden();
        long wide = config.intermediate();
        return List.of(
                new Branch(
                        norm,
                        List.of(
                                new Linear(prefix + "gate_proj", role, wide, hidden, true),
                                new Linear(prefix + "up_proj", role, wide, hidden, true))),
                new Join(
                        new Join.Gated(config.activation()),
                        new Linear(prefix + "down_proj", role, hidden, wide, true)));
    }

    /** Whether the embedding of patches has a bias. */
    boolean patchBias() {
        return this == Qwen3;
    }

    /** Name of a merger's norm. */
    String mergerNorm() {
        return this == Qwen3 ? "norm" : "ln_q";
    }

    /** Name of a merger's first linear layer. */
    String mergerFirst() {
        return this == Qwen3 ? "linear_fc1" : "mlp.0";
    }

    /** Name of a merger's second linear layer. */
    String mergerSecond() {
        return this == Qwen3 ? "linear_fc2" : "mlp.2";
    }
}
