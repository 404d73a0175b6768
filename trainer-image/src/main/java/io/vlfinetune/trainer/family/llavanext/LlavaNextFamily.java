package io.vlfinetune.trainer.family.llavanext;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.family.llava.LlavaConfig;
import io.vlfinetune.trainer.family.llava.LlavaKeys;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;
import java.util.List;

/** LLaVA-NeXT, also called LLaVA 1.6: LLaVA with tiles (Liu et al., 2024, llava-vl.github.io/blog/2024-01-30-llava-next). */
public final class LlavaNextFamily implements Family {
    private static final String NEWLINE = "image_newline";
    private static final String NESTED_NEWLINE = "model.image_newline";

    @Override
    public String name() {
        return "llava_next";
    }

    @Override
    public Blueprint blueprint(Checkpoint checkpoint) {
        LlavaConfig config = config(checkpoint.config());
        LlavaKeys keys = LlavaKeys.of(checkpoint.tensors().keySet());
        String newline = checkpoint.tensors().containsKey(NESTED_NEWLINE) ? NESTED_NEWLINE : NEWLINE;
        TileJoin join = new TileJoin(
                newline,
                Pinpoints.of(
                        ConfigSection.of(checkpoint.config()), config.vision().image()),
                config.vision().side(),
                config.text().hidden());
        return config.parts(keys, List.of(join)).blueprint(checkpoint, keys);
    }

    private static LlavaConfig config(JsonNode json) {
        LlavaConfig config = LlavaConfig.of(json);
        ConfigSection root = ConfigSection.of(json);
        if (config.features().keepsClassToken()) {
            throw root.refused("vision_feature_select_strategy", "\"default\", because tiles are joined to a map");
        }
        if (!root.flag("use_image_newline_parameter", true)) {
            throw root.refused("use_image_newline_parameter", "true");
        }
        return config;
    }

    @Override
    public ChatProcessor processor(Path folder, MediaRoot media, int maxLength) {
        return LlavaNextProcessor.open(folder, media, maxLength);
    }

    @Override
    public String layoutFreeKey(String key) {
        return key.equals(NESTED_NEWLINE) ? NEWLINE : LlavaKeys.layoutFree(key);
    }
}
