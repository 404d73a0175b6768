package io.vlfinetune.trainer.family.gemma3;

import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.family.TensorTable;
import io.vlfinetune.trainer.family.llava.LlavaKeys;
import io.vlfinetune.trainer.model.Chain;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.TokenMerge;
import io.vlfinetune.trainer.model.decoder.GemmaBlock;
import io.vlfinetune.trainer.model.decoder.GemmaConfig;
import io.vlfinetune.trainer.model.decoder.GemmaLoss;
import io.vlfinetune.trainer.model.encoder.EncoderBlock;
import io.vlfinetune.trainer.model.encoder.SiglipEmbeddings;
import io.vlfinetune.trainer.model.encoder.TowerNorm;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Gemma 3. Its keys have LLaVA's layouts, as transformers' conversion_mapping.py says too. */
public final class Gemma3Family implements Family {
    @Override
    public String name() {
        return "gemma3";
    }

    @Override
    public Blueprint blueprint(Checkpoint checkpoint) {
        Gemma3Config config = Gemma3Config.of(checkpoint.config());
        LlavaKeys keys = LlavaKeys.of(checkpoint.tensors().keySet());
        if (config.tiedHead() && checkpoint.tensors().containsKey(keys.head())) {
            throw ConfigSection.of(checkpoint.config())
                    .refused("tie_word_embeddings", "false for a checkpoint that stores " + keys.head());
        }
        Chain chain = chain(config, keys);
        List<LayerTensor> declared = new ArrayList<>();
        chain.layers().forEach(layer -> declared.addAll(layer.declared()));
        TensorTable table = new TensorTable(checkpoint, declared);
        return new Blueprint(
                chain,
                table.roles(),
                table.unusedBy(chain.layers()),
                table.undecayed(),
                config.tiedHead(),
                config.imageToken(),
                config.padToken());
    }

    @Override
    public ChatProcessor processor(Path folder, MediaRoot media, int maxLength) {
        return Gemma3Processor.open(folder, media, maxLength);
    }

    @Override
    public String layoutFreeKey(String key) {
        return LlavaKeys.layoutFree(key);
    }

    private static Chain chain(Gemma3Config config, LlavaKeys keys) {
        List<Layer> layers = new ArrayList<>();
        layers.add(new SiglipEmbeddings(keys.tower(), config.vision()));
        for (int i = 0; i < config.vision().blocks(); i++) {
            layers.add(new EncoderBlock(keys.tower(), i, config.vision()));
        }
        layers.add(new TowerNorm(keys.tower() + "post_layernorm", config.vision()));
        layers.add(new Gemma3Projector(keys.projector(), config));
        int merge = layers.size();
        GemmaConfig text = config.text();
        String table = keys.decoder() + "embed_tokens.weight";
        layers.add(new TokenMerge(table, text.vocabulary(), text.hidden(), Math.sqrt(text.hidden())));
        for (int i = 0; i < text.blocks(); i++) {
            layers.add(new GemmaBlock(keys.decoder(), i, text));
        }
        String norm = keys.decoder() + "norm.weight";
        GemmaLoss head = config.tiedHead()
                ? new GemmaLoss(norm, table, Role.TokenEmbedding, text)
                : new GemmaLoss(norm, keys.head(), Role.OutputHead, text);
        return new Chain(layers, merge, head);
    }
}
