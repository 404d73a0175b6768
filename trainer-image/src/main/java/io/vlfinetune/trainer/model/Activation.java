package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.engine.Ops;

/** Activation functions, by the names of transformers (activations.py, {@code ACT2FN}). */
public enum Activation {
    /** {@code x · sigmoid(1.702 x)}. */
    QuickGelu,
    /** {@code x · Φ(x)}. */
    Gelu,
    /** GELU in its approximation by tanh. */
    GeluTanh,
    /** {@code x · sigmoid(x)}. */
    Silu;

    /** The function a configuration names. */
    public static Activation of(ConfigSection config, String key, String otherwise) {
        return switch (config.text(key, otherwise)) {
            case "quick_gelu" -> QuickGelu;
            case "gelu" -> Gelu;
            case "gelu_new", "gelu_pytorch_tanh" -> GeluTanh;
            case "silu", "swish" -> Silu;
            default -> throw config.refused(key, "quick_gelu, gelu, gelu_new, gelu_pytorch_tanh, silu");
        };
    }

    /** The function of each element. */
    public NDArray apply(Ops ops, NDArray x) {
        return switch (this) {
            case QuickGelu -> ops.quickGelu(x);
            case Gelu -> ops.gelu(x);
            case GeluTanh -> ops.geluTanh(x);
            case Silu -> ops.silu(x);
        };
    }
}
