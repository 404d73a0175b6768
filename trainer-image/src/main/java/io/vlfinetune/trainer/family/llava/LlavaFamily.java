package io.vlfinetune.trainer.family.llava;

import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.family.TensorTable;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Chain;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.TokenMerge;
import io.vlfinetune.trainer.model.decoder.DecoderBlock;
import io.vlfinetune.trainer.model.decoder.DecoderConfig;
import io.vlfinetune.trainer.model.decoder.LanguageLoss;
import io.vlfinetune.trainer.model.encoder.ClipEmbeddings;
import io.vlfinetune.trainer.model.encoder.EncoderBlock;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** LLaVA 1.5: a CLIP vision tower, a projector of two layers, a Llama decoder (Liu et al., arXiv:2310.03744). */
public final class LlavaFamily implements Family {
    @Override
    public String name() {
        return "llava";
    }

    @Override
    public Blueprint blueprint(Checkpoint checkpoint) {
        LlavaConfig config = LlavaConfig.of(checkpoint.config());
        LlavaKeys keys = LlavaKeys.of(checkpoint.tensors().keySet());
        if (config.tiedHead() && checkpoint.tensors().containsKey(keys.head())) {
            throw ConfigSection.of(checkpoint.config())
                    .section("text_config")
                    .refused("tie_word_embeddings", "false for a checkpoint that stores " + keys.head());
        }
        Chain chain = chain(config, keys);
        List<LayerTensor> declared = new ArrayList<>();
        chain.layers().forEach(layer -> declared.addAll(layer.declared()));
        declared.addAll(unused(config, keys));
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
        return LlavaProcessor.open(folder, media, maxLength);
    }

    private static Chain chain(LlavaConfig config, LlavaKeys keys) {
        List<Layer> layers = new ArrayList<>();
        layers.add(new ClipEmbeddings(keys.tower(), config.vision()));
        for (int i = 0; i < config.takenBlocks(); i++) {
            layers.add(new EncoderBlock(keys.tower(), i, config.vision()));
        }
        layers.add(new LlavaProjector(keys.projector(), config));
        int merge = layers.size();
        DecoderConfig text = config.text();
        String table = keys.decoder() + "embed_tokens.weight";
        layers.add(new TokenMerge(table, text.vocabulary(), text.hidden()));
        for (int i = 0; i < text.blocks(); i++) {
            layers.add(new DecoderBlock(keys.decoder(), i, text));
        }
        String norm = keys.decoder() + "norm.weight";
        LanguageLoss head = config.tiedHead()
                ? new LanguageLoss(norm, table, Role.TokenEmbedding, text)
                : new LanguageLoss(norm, keys.head(), Role.OutputHead, text);
        return new Chain(layers, merge, head);
    }

    /** The tower's blocks above the features, and its last norm, which belongs to CLIP's class token alone. */
    private static List<LayerTensor> unused(LlavaConfig config, LlavaKeys keys) {
        List<LayerTensor> tensors = new ArrayList<>();
        for (int i = config.takenBlocks(); i < config.vision().blocks(); i++) {
            tensors.addAll(new EncoderBlock(keys.tower(), i, config.vision()).declared());
        }
        tensors.addAll(LayerTensor.layerNorm(
                keys.tower() + "post_layernorm",
                TensorRole.of(Role.VisionNorm),
                config.vision().hidden()));
        return tensors;
    }
}
