package io.vlfinetune.trainer.family.qwen2vl;

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

/** Reads Qwen2-VL's numbers, with transformers' defaults (configuration_qwen2_vl.py). */
final class Qwen2VlConfig {
    private Qwen2VlConfig() {}

    static QwenConfig of(JsonNode config) {
        ConfigSection root = ConfigSection.of(config);
        DecoderConfig text = Qwen2Decoder.of(root, Qwen2VlFamily.NAME);
        TowerConfig tower = tower(TowerSection.of(root, Qwen2VlFamily.NAME), text);
        return Qwen2Decoder.model(root, Qwen2VlFamily.NAME, tower, text);
    }

    private static TowerConfig tower(TowerSection section, DecoderConfig text) {
        ConfigSection config = section.config();
        int hidden = config.positive("embed_dim", 1280);
        // A whole number in every published file, and so in transformers' configuration class.
        int wider = config.positive("mlp_ratio", 4);
        return new TowerConfig(
                TowerKind.Qwen2,
                hidden,
                hidden * wider,
                section.blocks(32),
                section.heads(hidden),
                config.positive("patch_size", 14),
                config.positive("temporal_patch_size", 2),
                config.positive("spatial_merge_size", 2),
                section.out("hidden_size", 3584, text.hidden()),
                section.theta(),
                Activation.of(config, "hidden_act", "quick_gelu"),
                Windows.NONE,
                Set.of(),
                0,
                List.of());
    }
}
