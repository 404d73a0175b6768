package io.vlfinetune.trainer.family.idefics3;

import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.family.TensorTable;
import io.vlfinetune.trainer.model.Chain;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.TokenMerge;
import io.vlfinetune.trainer.model.decoder.DecoderBlock;
import io.vlfinetune.trainer.model.decoder.DecoderConfig;
import io.vlfinetune.trainer.model.decoder.LanguageLoss;
import io.vlfinetune.trainer.model.encoder.EncoderBlock;
import io.vlfinetune.trainer.model.encoder.SiglipEmbeddings;
import io.vlfinetune.trainer.model.encoder.TowerNorm;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Idefics3 and SmolVLM, which differ in the names of their configurations alone. */
public final class Idefics3Family implements Family {
    private static final String TOWER = "model.vision_model.";
    private static final String CONNECTOR = "model.connector.modality_projection.proj.weight";
    private static final String DECODER = "model.text_model.";
    private static final String TABLE = DECODER + "embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    private final String name;

    private Idefics3Family(String name) {
        this.name = name;
    }

    /** Idefics3. */
    public static Family idefics3() {
        return new Idefics3Family("idefics3");
    }

    /** SmolVLM and SmolVLM2. */
    public static Family smolVlm() {
        return new Idefics3Family("smolvlm");
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Blueprint blueprint(Checkpoint checkpoint) {
        Idefics3Config config = Idefics3Config.of(checkpoint.config());
        if (config.tiedHead() && checkpoint.tensors().containsKey(HEAD)) {
            throw ConfigSection.of(checkpoint.config())
                    .refused("tie_word_embeddings", "false for a checkpoint that stores " + HEAD);
        }
        Chain chain = chain(config);
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
        return Idefics3Processor.open(folder, media, maxLength);
    }

    @Override
    public String layoutFreeKey(String key) {
        return key;
    }

    private static Chain chain(Idefics3Config config) {
        List<Layer> layers = new ArrayList<>();
        layers.add(new SiglipEmbeddings(TOWER, config.vision()));
        for (int i = 0; i < config.vision().blocks(); i++) {
            layers.add(new EncoderBlock(TOWER, i, config.vision()));
        }
        layers.add(new TowerNorm(TOWER + "post_layernorm", config.vision()));
        layers.add(new Idefics3Connector(CONNECTOR, config));
        int merge = layers.size();
        DecoderConfig text = config.text();
        layers.add(new TokenMerge(TABLE, text.vocabulary(), text.hidden()));
        for (int i = 0; i < text.blocks(); i++) {
            layers.add(new DecoderBlock(DECODER, i, text));
        }
        String norm = DECODER + "norm.weight";
        LanguageLoss head = config.tiedHead()
                ? new LanguageLoss(norm, TABLE, Role.TokenEmbedding, text)
                : new LanguageLoss(norm, HEAD, Role.OutputHead, text);
        return new Chain(layers, merge, head);
    }
}
