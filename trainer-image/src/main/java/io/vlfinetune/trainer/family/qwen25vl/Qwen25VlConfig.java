package io.vlfinetune.trainer.family.qwen25vl;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.family.qwen.Qwen2Decoder;
import io.vlfinetune.trainer.family.qwen.QwenConfig;
import io.vlfinetune.trainer.family.qwen.TowerSection;
import io.vlfinetune.trainer.model.Activation;
import io.vlfinetune.trainer.model.decoder.DecoderConfig;
import io.vlfinetune.trainer.model.qwen.TowerConfig;
import io.vlfinetune.trainer.model.qwen.TowerKind;
import io.vlfinetune.trainer.model.qwen.Windows;
import java.util.List;
import java.util.Set;

/** Reads Qwen2.5-VL's numbers, with transformers' defaults (configuration_qwen2_5_vl.py). */
final class Qwen25VlConfig {
    private static final List<Integer> FULL_BLOCKS = List.of(7, 15, 23, 31);

    private Qwen25VlConfig() {}

    static QwenConfig of(JsonNode config) {
        ConfigSection root = ConfigSection.of(config);
        DecoderConfig text = Qwen2Decoder.of(root, Qwen25VlFamily.NAME);
        TowerConfig tower = tower(TowerSection.of(root, Qwen25VlFamily.NAME), text);
        return Qwen2Decoder.model(root, Qwen25VlFamily.NAME, tower, text);
    }

    private static TowerConfig tower(TowerSection section, DecoderConfig text) {
        ConfigSection config = section.config();
        int hidden = config.positive("hidden_size", 3584);
        int patch = config.positive("patch_size", 14);
        int merge = config.positive("spatial_merge_size", 2);
        int side = config.positive("window_size", 112) / merge / patch;
        if (side < 1) {
            throw config.refused("window_size", "at least the pixels of one feature, " + merge * patch);
        }
        return new TowerConfig(
                TowerKind.Qwen25,
                hidden,
                config.positive("intermediate_size", 3420),
                section.blocks(32),
                section.heads(hidden),
                patch,
                config.positive("temporal_patch_size", 2),
                merge,
                section.out("out_hidden_size", 3584, text.hidden()),
                section.theta(),
                Activation.of(config, "hidden_act", "silu"),
                new Windows(side),
                Set.copyOf(config.counts("fullatt_block_indexes", FULL_BLOCKS)),
                0,
                List.of());
    }
}
