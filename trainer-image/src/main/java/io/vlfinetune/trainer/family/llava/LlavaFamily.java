package io.vlfinetune.trainer.family.llava;

import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;
import java.util.List;

/** LLaVA 1.5: a CLIP vision tower, a projector of two layers, a Llama decoder (Liu et al., arXiv:2310.03744). */
public final class LlavaFamily implements Family {
    @Override
    public String name() {
        return "llava";
    }

    @Override
    public Blueprint blueprint(Checkpoint checkpoint) {
        LlavaKeys keys = LlavaKeys.of(checkpoint.tensors().keySet());
        return LlavaConfig.of(checkpoint.config()).parts(keys, List.of()).blueprint(checkpoint, keys);
    }

    @Override
    public ChatProcessor processor(Path folder, MediaRoot media, int maxLength) {
        return LlavaProcessor.open(folder, media, maxLength);
    }

    @Override
    public String layoutFreeKey(String key) {
        return LlavaKeys.layoutFree(key);
    }
}
