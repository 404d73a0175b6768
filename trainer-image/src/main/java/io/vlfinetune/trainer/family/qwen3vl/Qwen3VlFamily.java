package io.vlfinetune.trainer.family.qwen3vl;

import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.family.qwen.QwenModel;
import io.vlfinetune.trainer.family.qwen.QwenProcessor;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;

/**
 * Qwen3-VL: as Qwen2-VL, with learned positions stretched over each image, features of deeper blocks added to the first
 * blocks of a Qwen3 decoder, and three axes of positions that take turns (Bai et al., arXiv:2511.21631).
 */
public final class Qwen3VlFamily implements Family {
    static final String NAME = "qwen3_vl";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Blueprint blueprint(Checkpoint checkpoint) {
        return QwenModel.blueprint(checkpoint, Qwen3VlConfig.of(checkpoint.config()));
    }

    @Override
    public ChatProcessor processor(Path folder, MediaRoot media, int maxLength) {
        return QwenProcessor.open(folder, media, maxLength, Qwen3Template.of(folder), 16);
    }

    @Override
    public String layoutFreeKey(String key) {
        return QwenModel.layoutFreeKey(key);
    }
}
