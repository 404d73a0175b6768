package io.vlfinetune.trainer.model.decoder;

import io.vlfinetune.trainer.config.ConfigSection;

/**
 * What tells decoders of one manner apart, with the defaults of transformers' configuration classes.
 */
public enum DecoderKind {
    /** configuration_llama.py. */
    Llama("llama", 32000, 11008, 0, 0),
    /** configuration_mistral.py. */
    Mistral("mistral", 32000, 14336, 8, 0),
    /** configuration_qwen2.py; biases at queries, keys and values. */
    Qwen2("qwen2", 151936, 22016, 32, 0),
    /** configuration_qwen3.py; queries and keys are normed. */
    Qwen3("qwen3", 151936, 22016, 32, 128);

    private final String modelType;
    private final int vocabulary;
    private final int intermediate;
    private final int groups;
    private final int headSize;

    DecoderKind(String modelType, int vocabulary, int intermediate, int groups, int headSize) {
        this.modelType = modelType;
        this.vocabulary = vocabulary;
        this.intermediate = intermediate;
        this.groups = groups;
        this.headSize = headSize;
    }

    /**
     * The kind a {@code text_config} names by its {@code model_type}.
     *
     * @param absent the kind where it names none
     * @param supported the kinds that a family allows
     */
    public static DecoderKind of(ConfigSection config, DecoderKind absent, DecoderKind... supported) {
        String type = config.text("model_type", absent.modelType);
        StringBuilder names = new StringBuilder();
        for (DecoderKind kind : supported) {
            if (kind.modelType.equals(type)) {
                return kind;
            }
            names.append(names.isEmpty() ? "" : ", ").append(kind.modelType);
        }
        throw config.refused("model_type", names.toString());
    }

    /** Refuses what a configuration of this kind may ask for, but these blocks do not do. */
    void refuseOthers(ConfigSection config) {
        config.requireNumber("attention_dropout", 0);
        config.requireNumber("partial_rotary_factor", 1);
        config.requireFalse("mlp_bias");
        boolean slides = switch (this) {
            case Llama -> config.has("sliding_window");
            // Where the configuration says nothing, transformers takes 4096.
            case Mistral -> !config.node().path("sliding_window").isNull();
            // Their window counts only if it is switched on.
            case Qwen2, Qwen3 -> config.flag("use_sliding_window", false);
        };
        if (slides) {
            throw config.refused(
                    this == Llama || this == Mistral ? "sliding_window" : "use_sliding_window", "null or false");
        }
    }

    int vocabulary() {
        return vocabulary;
    }

    int intermediate() {
        return intermediate;
    }

    /** Heads of keys and values where the configuration names none: as many as queries for some. */
    int groups(int heads) {
        return groups == 0 ? heads : groups;
    }

    /** Size of a head where the configuration names none. */
    int headSize(int hidden, int heads) {
        return headSize == 0 ? hidden / heads : headSize;
    }

    boolean queryBias(ConfigSection config) {
        return this == Qwen2 || config.flag("attention_bias", false);
    }

    boolean outputBias(ConfigSection config) {
        return this != Qwen2 && config.flag("attention_bias", false);
    }

    boolean normsQueries() {
        return this == Qwen3;
    }
}
