package io.vlfinetune.trainer.family.qwen;

import io.vlfinetune.trainer.config.ConfigSection;

/**
 * What the {@code vision_config} of all three families says.
 *
 * @param config the section
 */
public record TowerSection(ConfigSection config) {
    /**
     * The section of a whole configuration.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported if it is missing or another kind of tower's
     */
    public static TowerSection of(ConfigSection root, String family) {
        if (!root.has("vision_config")) {
            throw root.refused("vision_config", "an object");
        }
        ConfigSection config = root.section("vision_config");
        // Published files name the family, transformers 5 the tower.
        if (!config.text("model_type", family).equals(family)) {
            config.requireText("model_type", family + "_vision");
        }
        config.requireNumber("in_channels", 3);
        config.requireNumber("in_chans", 3);
        ConfigSection rope = config.section("rope_parameters");
        rope.requireText("rope_type", "axial");
        rope.requireNumber("partial_rotary_factor", 1);
        return new TowerSection(config);
    }

    /** How many blocks. */
    public int blocks(int absent) {
        return config.positive("depth", config.positive("num_hidden_layers", absent));
    }

    /** Attention heads, each of them turned on two axes by pairs. */
    public int heads(int hidden) {
        int heads = config.positive("num_heads", config.positive("num_attention_heads", 16));
        if (hidden % heads != 0 || hidden / heads % 4 != 0) {
            throw config.refused("num_heads", "a divisor of the hidden size " + hidden + " by a multiple of 4");
        }
        return heads;
    }

    /** Base of the rotary wave lengths. */
    public double theta() {
        double theta = config.section("rope_parameters").number("rope_theta", 10000);
        if (!(theta > 0)) {
            throw config.section("rope_parameters").refused("rope_theta", "a number above 0");
        }
        return theta;
    }

    /** The width that the language model must have too. */
    public int out(String key, int absent, int languageHidden) {
        int out = config.positive(key, absent);
        if (out != languageHidden) {
            throw config.refused(key, "the language model's hidden_size, " + languageHidden);
        }
        return out;
    }
}
