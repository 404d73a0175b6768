package io.vlfinetune.trainer.family.qwen3vl;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.family.qwen.QwenConfig;
import io.vlfinetune.trainer.family.qwen.TowerSection;
import io.vlfinetune.trainer.model.Activation;
import io.vlfinetune.trainer.model.decoder.DecoderConfig;
import io.vlfinetune.trainer.model.decoder.DecoderKind;
import io.vlfinetune.trainer.model.qwen.MultimodalRotary;
import io.vlfinetune.trainer.model.qwen.TowerConfig;
import io.vlfinetune.trainer.model.qwen.TowerKind;
import io.vlfinetune.trainer.model.qwen.Windows;
import java.util.List;
import java.util.Set;

/** Reads Qwen3-VL's numbers, with transformers' defaults (configuration_qwen3_vl.py). */
final class Qwen3VlConfig {
    private static final MultimodalRotary ROTARY = new MultimodalRotary(128, 5e5, List.of(24, 20, 20), true);
    private static final List<Integer> DEEPSTACK = List.of(8, 16, 24);

    private Qwen3VlConfig() {}

    static QwenConfig of(JsonNode config) {
        ConfigSection root = ConfigSection.of(config);
        if (!root.has("text_config")) {
            throw root.refused("text_config", "an object");
        }
        ConfigSection section = root.section("text_config");
        section.requireText("model_type", Qwen3VlFamily.NAME + "_text");
        DecoderConfig text =
                DecoderConfig.of(section, DecoderKind.Qwen3, size -> MultimodalRotary.of(section, size, ROTARY));
        TowerConfig tower = tower(TowerSection.of(root, Qwen3VlFamily.NAME), text);
        return QwenConfig.of(root, section, tower, text, root.flag("tie_word_embeddings", false));
    }

    private static TowerConfig tower(TowerSection section, DecoderConfig text) {
        ConfigSection config = section.config();
        int hidden = config.positive("hidden_size", 1152);
        int blocks = section.blocks(27);
        return new TowerConfig(
                TowerKind.Qwen3,
                hidden,
                config.positive("intermediate_size", 4304),
                blocks,
                section.heads(hidden),
                config.positive("patch_size", 16),
                config.positive("temporal_patch_size", 2),
                config.positive("spatial_merge_size", 2),
                section.out("out_hidden_size", 3584, text.hidden()),
                section.theta(),
                Activation.of(config, "hidden_act", "gelu_pytorch_tanh"),
                Windows.NONE,
                Set.of(),
                side(config),
                deepstack(config, blocks));
    }

    private static int side(ConfigSection config) {
        int places = config.positive("num_position_embeddings", 2304);
        int side = (int) Math.sqrt(places);
        if (side * side != places) {
            throw config.refused("num_position_embeddings", "a square");
        }
        return side;
    }

    /** The blocks' order is that of their features, and of the decoder's blocks that take them. */
    private static List<Integer> deepstack(ConfigSection config, int blocks) {
        List<Integer> taps = config.counts("deepstack_visual_indexes", DEEPSTACK);
        for (int i = 0; i < taps.size(); i++) {
            if (taps.get(i) >= blocks || (i > 0 && taps.get(i) <= taps.get(i - 1))) {
                throw config.refused("deepstack_visual_indexes", "ascending numbers below " + blocks);
            }
        }
        return taps;
    }
}
