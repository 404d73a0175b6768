package io.vlfinetune.trainer.model.decoder;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.Activation;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The numbers of a Gemma 3 decoder.
 *
 * @param vocabulary rows of the embedding table
 * @param hidden hidden size
 * @param intermediate width of the perceptron
 * @param heads attention heads of queries
 * @param groups attention heads of keys and values
 * @param headSize size of a head
 * @param epsilon of the norms
 * @param activation of the perceptron's gate
 * @param biases whether the attention's four linear layers have biases
 * @param scale what attention scores are multiplied by
 * @param window how many places a sliding layer looks at, itself included
 * @param sliding for each block whether it slides or looks at everything
 * @param near rotary positions of sliding layers
 * @param far rotary positions of the others
 */
public record GemmaConfig(
        int vocabulary,
        int hidden,
        int intermediate,
        int heads,
        int groups,
        int headSize,
        double epsilon,
        Activation activation,
        boolean biases,
        double scale,
        int window,
        List<Boolean> sliding,
        Rotary near,
        Rotary far) {
    private static final String SLIDING = "sliding_attention";
    private static final String FULL = "full_attention";

    /** Copies the list. */
    public GemmaConfig {
        sliding = List.copyOf(sliding);
    }

    /**
     * Reads {@code text_config} with the defaults of configuration_gemma3.py, {@code Gemma3TextConfig}.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming key and value
     */
    public static GemmaConfig of(ConfigSection config) {
        refuseOthers(config);
        int hidden = config.positive("hidden_size", 2304);
        int heads = config.positive("num_attention_heads", 8);
        if (hidden % heads != 0) {
            throw config.refused("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        int groups = config.positive("num_key_value_heads", 4);
        if (heads % groups != 0) {
            throw config.refused("num_key_value_heads", "a divisor of num_attention_heads " + heads);
        }
        int headSize = config.positive("head_dim", 256);
        if (headSize % 2 != 0) {
            throw config.refused("head_dim", "an even number");
        }
        return new GemmaConfig(
                config.positive("vocab_size", 262208),
                hidden,
                config.positive("intermediate_size", 9216),
                heads,
                groups,
                headSize,
                config.number("rms_norm_eps", 1e-6),
                Activation.of(config, "hidden_activation", "gelu_pytorch_tanh"),
                config.flag("attention_bias", false),
                1 / Math.sqrt(config.positive("query_pre_attn_scalar", 256)),
                config.positive("sliding_window", 4096),
                sliding(config),
                rotary(config, SLIDING, headSize),
                rotary(config, FULL, headSize));
    }

    private static void refuseOthers(ConfigSection config) {
        config.requireText("model_type", "gemma3_text");
        config.requireNumber("attention_dropout", 0);
        config.requireFalse("use_bidirectional_attention");
        for (String cap : List.of("final_logit_softcapping", "attn_logit_softcapping")) {
            if (config.has(cap)) {
                throw config.refused(cap, "null");
            }
        }
        if (config.node().path("sliding_window").isNull()) {
            throw config.unsupported("sliding_window", "null leaves sliding layers without a window; give a number");
        }
    }

    /** The list of layers, or every sixth one (sliding_window_pattern) that does not slide. */
    private static List<Boolean> sliding(ConfigSection config) {
        int blocks = config.positive("num_hidden_layers", 26);
        if (!config.has("layer_types")) {
            int pattern = config.positive("sliding_window_pattern", 6);
            return IntStream.rangeClosed(1, blocks)
                    .mapToObj(number -> number % pattern != 0)
                    .toList();
        }
        var types = config.node().path("layer_types");
        if (!types.isArray() || types.size() != blocks) {
            throw config.refused("layer_types", "a list of num_hidden_layers " + blocks + " names");
        }
        return IntStream.range(0, blocks)
                .mapToObj(i -> switch (types.get(i).asText()) {
                    case SLIDING -> true;
                    case FULL -> false;
                    default -> throw config.refused("layer_types", SLIDING + ", " + FULL);
                })
                .toList();
    }

    /**
     * transformers 5 nests both kinds of layers in rope_parameters; before, rope_theta and rope_scaling were of the full
     * ones and rope_local_base_freq of the sliding ones.
     */
    private static Rotary rotary(ConfigSection config, String kind, int headSize) {
        ConfigSection parameters = config.section("rope_parameters");
        for (String flat : List.of("rope_theta", "rope_type")) {
            if (parameters.has(flat)) {
                throw parameters.refused(flat, "the same inside " + FULL + " and " + SLIDING);
            }
        }
        ConfigSection nested = parameters.section(kind);
        boolean slides = kind.equals(SLIDING);
        double theta = nested.number(
                "rope_theta",
                slides ? config.number("rope_local_base_freq", 10_000) : config.number("rope_theta", 1_000_000));
        if (!(theta > 0)) {
            throw nested.refused("rope_theta", "a number above 0");
        }
        ConfigSection rope = !slides && config.has("rope_scaling") ? config.section("rope_scaling") : nested;
        rope.requireNumber("partial_rotary_factor", 1);
        return new RotaryTable(headSize, theta, RopeScaling.of(rope, config));
    }

    /** How many blocks. */
    public int blocks() {
        return sliding.size();
    }
}
