package io.vlfinetune.trainer.family.internvl;

import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.family.llava.LlavaKeys;
import io.vlfinetune.trainer.family.llava.LlavaParts;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.encoder.TowerNorm;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * InternVL 3: a vision tower of its own, a projector over squares of patches, a Qwen decoder (Zhu et al.,
 * arXiv:2504.10479).
 */
public final class InternVlFamily implements Family {
    @Override
    public String name() {
        return "internvl";
    }

    @Override
    public Blueprint blueprint(Checkpoint checkpoint) {
        LlavaKeys keys = LlavaKeys.of(checkpoint.tensors().keySet());
        InternVlConfig config =
                InternVlConfig.of(checkpoint.config(), checkpoint.tensors().containsKey(keys.head()));
        return parts(config, keys).blueprint(checkpoint, keys);
    }

    @Override
    public ChatProcessor processor(Path folder, MediaRoot media, int maxLength) {
        return InternVlProcessor.open(folder, media, maxLength);
    }

    @Override
    public String layoutFreeKey(String key) {
        return LlavaKeys.layoutFree(key);
    }

    private static LlavaParts parts(InternVlConfig config, LlavaKeys keys) {
        String tower = keys.tower();
        InternVlVision vision = config.vision();
        InternVlEmbeddings embeddings = new InternVlEmbeddings(tower, vision);
        TowerNorm norm = new TowerNorm(tower + "layernorm", vision.encoder());
        List<Layer> layers = new ArrayList<>();
        layers.add(embeddings);
        List<LayerTensor> unused = new ArrayList<>(embeddings.unused());
        for (int i = 0; i < vision.encoder().blocks(); i++) {
            InternVlBlock block = new InternVlBlock(tower, i, vision);
            if (i < config.takenBlocks()) {
                layers.add(block);
            } else {
                unused.addAll(block.declared());
            }
        }
        if (config.normsFeatures()) {
            layers.add(norm);
        } else if (vision.lastNorm()) {
            unused.addAll(norm.declared());
        }
        layers.add(new InternVlProjector(keys.projector(), config));
        return new LlavaParts(layers, unused, config.text(), config.tiedHead(), config.imageToken(), config.padToken());
    }
}
