package io.vlfinetune.trainer.family.qwen25vl;

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
 * Qwen2.5-VL: as Qwen2-VL, but most blocks of the tower see windows of the image, and the tower is made like the decoder:
 * root mean square norms and gated perceptrons (Bai et al., arXiv:2502.13923).
 */
public final class Qwen25VlFamily implements Family {
    static final String NAME = "qwen2_5_vl";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Blueprint blueprint(Checkpoint checkpoint) {
        return QwenModel.blueprint(checkpoint, Qwen25VlConfig.of(checkpoint.config()));
    }

    @Override
    public ChatProcessor processor(Path folder, MediaRoot media, int maxLength) {
        return QwenProcessor.open(folder, media, maxLength, Qwen2Template.of(folder, "Qwen2.5-VL"), 14);
    }

    @Override
    public String layoutFreeKey(String key) {
        return QwenModel.layoutFreeKey(key);
    }
}
