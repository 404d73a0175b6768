package io.vlfinetune.trainer.model.llama;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.Activation;

/**
 * A Llama decoder's numbers, with transformers' defaults (configuration_llama.py, {@code LlamaConfig}).
 *
 * @param vocabulary rows of the embedding table
 * @param hidden hidden size
 * @param intermediate width of the perceptron
 * @param blocks how many blocks
 * @param heads attention heads of queries
 * @param groups attention heads of keys and values
 * @param headSize size of a head
 * @param epsilon of the norms
 * @param ropeTheta base of the rotary positions
 * @param activation of the perceptron's gate
 */
public record LlamaConfig(
        int vocabulary,
        int hidden,
        int intermediate,
        int blocks,
        int heads,
        int groups,
        int headSize,
        double epsilon,
        double ropeTheta,
        Activation activation) {
    /**
     * Reads {@code text_config}.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming key and value
     */
    public static LlamaConfig of(ConfigSection config) {
        refuseOtherKinds(config);
        int hidden = config.positive("hidden_size", 4096);
        int heads = config.positive("num_attention_heads", 32);
        int groups = config.positive("num_key_value_heads", heads);
        if (heads % groups != 0) {
            throw config.refused("num_key_value_heads", "a divisor of num_attention_heads " + heads);
        }
        if (!config.has("head_dim") && hidden % heads != 0) {
            throw config.refused("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        int headSize = config.positive("head_dim", hidden / heads);
        if (headSize % 2 != 0) {
            throw config.refused("head_dim", "an even number");
        }
        return new LlamaConfig(
                config.positive("vocab_size", 32000),
                hidden,
                config.positive("intermediate_size", 11008),
                config.positive("num_hidden_layers", 32),
                heads,
                groups,
                headSize,
                config.number("rms_norm_eps", 1e-6),
                ropeTheta(config),
                Activation.of(config, "hidden_act", "silu"));
    }

    private static void refuseOtherKinds(ConfigSection config) {
        config.requireText("model_type", "llama");
        config.requireFalse("attention_bias");
        config.requireFalse("mlp_bias");
        config.requireNumber("attention_dropout", 0);
        config.requireNumber("partial_rotary_factor", 1);
        if (config.has("sliding_window")) {
            throw config.refused("sliding_window", "null");
        }
    }

    /** transformers 5 nests it in rope_parameters; before, it stood beside rope_scaling. */
    private static double ropeTheta(ConfigSection config) {
        requireDefault(config.section("rope_scaling"));
        ConfigSection parameters = config.section("rope_parameters");
        requireDefault(parameters);
        double theta = parameters.number("rope_theta", config.number("rope_theta", 10000));
        if (!(theta > 0)) {
            throw config.refused("rope_theta", "a number above 0");
        }
        return theta;
    }

    private static void requireDefault(ConfigSection rope) {
        rope.requireText("rope_type", "default");
        rope.requireText("type", "default");
        rope.requireNumber("partial_rotary_factor", 1);
    }
}
