package io.vlfinetune.trainer.family.qwen2vl;

import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.family.qwen.Qwen2Template;
import io.vlfinetune.trainer.family.qwen.QwenModel;
import io.vlfinetune.trainer.family.qwen.QwenProcessor;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;

/**
 * Qwen2-VL: a tower for images of any size with rotary positions, a merger of four patches to one feature, a Qwen2
 * decoder with positions on three axes (Wang et al., arXiv:2409.12191).
 */
public final class Qwen2VlFamily implements Family {
    static final String NAME = "qwen2_vl";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Blueprint blueprint(Checkpoint checkpoint) {
        return QwenModel.blueprint(checkpoint, Qwen2VlConfig.of(checkpoint.config()));
    }

    @Override
    public ChatProcessor processor(Path folder, MediaRoot media, int maxLength) {
        return QwenProcessor.open(folder, media, maxLength, Qwen2Template.of(folder, "Qwen2-VL"), 14);
    }

    @Override
    public String layoutFreeKey(String key) {
        return QwenModel.layoutFreeKey(key);
    }
}
