package io.vlfinetune.trainer.family.qwen;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.decoder.DecoderConfig;
import io.vlfinetune.trainer.model.decoder.DecoderKind;
import io.vlfinetune.trainer.model.qwen.MultimodalRotary;
import io.vlfinetune.trainer.model.qwen.TowerConfig;
import java.util.List;
import java.util.Map;

/** The decoder of Qwen2-VL and Qwen2.5-VL, with the defaults of transformers (configuration_qwen2_vl.py). */
public final class Qwen2Decoder {
    private static final Map<String, Number> DEFAULTS = Map.of(
            "vocab_size", 152064,
            "hidden_size", 8192,
            "intermediate_size", 29568,
            "num_hidden_layers", 80,
            "num_attention_heads", 64,
            "num_key_value_heads", 8,
            "rms_norm_eps", 1e-5);

    private static final MultimodalRotary ROTARY = new MultimodalRotary(128, 1e6, List.of(16, 24, 24), false);

    private Qwen2Decoder() {}

    /** Published files hold the decoder's numbers at the root, transformers 5 nests them. */
    private static ConfigSection section(ConfigSection root, String family) {
        if (!root.has("text_config")) {
            return root.withDefaults(DEFAULTS);
        }
        ConfigSection section = root.section("text_config");
        section.requireText("model_type", family + "_text");
        return section.withDefaults(DEFAULTS);
    }

    /**
     * Reads the decoder's numbers.
     *
     * @param root the whole configuration
     * @param family its model_type
     */
    public static DecoderConfig of(ConfigSection root, String family) {
        ConfigSection section = section(root, family);
        for (JsonNode type : section.node().path("layer_types")) {
            if (!type.asText().equals("full_attention")) {
                throw section.refused("layer_types", "\"full_attention\" for every block");
            }
        }
        return DecoderConfig.of(section, DecoderKind.Qwen2, size -> MultimodalRotary.of(section, size, ROTARY));
    }

    /** The whole model. */
    public static QwenConfig model(ConfigSection root, String family, TowerConfig tower, DecoderConfig text) {
        ConfigSection section = section(root, family);
        boolean tied = root.flag("tie_word_embeddings", false) || section.flag("tie_word_embeddings", false);
        return QwenConfig.of(root, section, tower, text, tied);
    }
}
