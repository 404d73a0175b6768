package io.vlfinetune.trainer.model.decoder;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.Activation;
import java.util.function.IntFunction;

/**
 * A decoder's numbers.
 *
 * @param vocabulary rows of the embedding table
 * @param hidden hidden size
 * @param intermediate width of the perceptron
 * @param blocks how many blocks
 * @param heads attention heads of queries
 * @param groups attention heads of keys and values
 * @param headSize size of a head
 * @param epsilon of the norms
 * @param rotary positions
 * @param activation of the perceptron's gate
 * @param queryBias whether queries, keys and values have biases
 * @param outputBias whether the attention's output has a bias
 * @param normsQueries whether queries and keys are normed, each head for itself
 */
public record DecoderConfig(
        int vocabulary,
        int hidden,
        int intermediate,
        int blocks,
        int heads,
        int groups,
        int headSize,
        double epsilon,
        Rotary rotary,
        Activation activation,
        boolean queryBias,
        boolean outputBias,
        boolean normsQueries) {
    /**
     * Reads {@code text_config}, with rotary positions that count up from 0.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming key and value
     */
    public static DecoderConfig of(ConfigSection config, DecoderKind kind) {
        return of(config, kind, size -> new RotaryTable(size, ropeTheta(config), RopeScaling.of(config)));
    }

    /**
     * Reads {@code text_config}.
     *
     * @param rotary positions, given the size of a head
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming key and value
     */
    public static DecoderConfig of(ConfigSection config, DecoderKind kind, IntFunction<Rotary> rotary) {
        kind.refuseOthers(config);
        int hidden = config.positive("hidden_size", 4096);
        int heads = config.positive("num_attention_heads", 32);
        int groups = config.positive("num_key_value_heads", kind.groups(heads));
        if (heads % groups != 0) {
            throw config.refused("num_key_value_heads", "a divisor of num_attention_heads " + heads);
        }
        int headSize = config.positive("head_dim", kind.headSize(hidden, heads));
        if (!config.has("head_dim") && headSize == hidden / heads && hidden % heads != 0) {
            throw config.refused("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        if (headSize % 2 != 0) {
            throw config.refused("head_dim", "an even number");
        }
        return new DecoderConfig(
                config.positive("vocab_size", kind.vocabulary()),
                hidden,
                config.positive("intermediate_size", kind.intermediate()),
                config.positive("num_hidden_layers", 32),
                heads,
                groups,
                headSize,
                config.number("rms_norm_eps", 1e-6),
                rotary.apply(headSize),
                Activation.of(config, "hidden_act", "silu"),
                kind.queryBias(config),
                kind.outputBias(config),
                kind.normsQueries());
    }

    /** transformers 5 nests it in rope_parameters; before, it stood beside rope_scaling. */
    public static double ropeTheta(ConfigSection config) {
        ConfigSection parameters = config.section("rope_parameters");
        parameters.requireNumber("partial_rotary_factor", 1);
        double theta = parameters.number("rope_theta", config.number("rope_theta", 10000));
        if (!(theta > 0)) {
            throw config.refused("rope_theta", "a number above 0");
        }
        return theta;
    }
}
