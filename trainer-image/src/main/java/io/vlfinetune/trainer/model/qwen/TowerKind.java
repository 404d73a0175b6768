package io.vlfinetune.trainer.model.qwen;

/** What tells the towers apart, by the names of their tensors. */
public enum TowerKind {
    /** modeling_qwen2_vl.py. */
    Qwen2,
    /** modeling_qwen2_5_vl.py. */
    Qwen25,
    /** modeling_qwen3_vl.py. */
    Qwen3;

    /** Norms of blocks and mergers. */
    TowerNorm norm() {
        return switch (this) {
            case Qwen2, Qwen3 -> TowerNorm.Layer;
            case Qwen25 -> TowerNorm.RootMeanSquare;
        };
    }

    /** Perceptrons of the blocks. */
    Perceptron perceptron() {
        return switch (this) {
            case Qwen2 -> new Perceptron.Plain("fc1", "fc2");
            case Qwen25 -> new Perceptron.Gated();
            case Qwen3 -> new Perceptron.Plain("linear_fc1", "linear_fc2");
        };
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
