package io.vlfinetune.trainer.family.qwen;

import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.TensorTable;
import io.vlfinetune.trainer.model.Chain;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.LayerTensor;
import io.vlfinetune.trainer.model.TokenMerge;
import io.vlfinetune.trainer.model.decoder.DecoderBlock;
import io.vlfinetune.trainer.model.decoder.DecoderConfig;
import io.vlfinetune.trainer.model.decoder.LanguageLoss;
import io.vlfinetune.trainer.model.qwen.DeepstackAddition;
import io.vlfinetune.trainer.model.qwen.DeepstackTap;
import io.vlfinetune.trainer.model.qwen.PatchEmbedding;
import io.vlfinetune.trainer.model.qwen.PatchMerger;
import io.vlfinetune.trainer.model.qwen.PatchPositions;
import io.vlfinetune.trainer.model.qwen.TowerBlock;
import io.vlfinetune.trainer.model.qwen.TowerConfig;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.util.ArrayList;
import java.util.List;

/** The chain of all three families: tower, merger, decoder. */
public final class QwenModel {
    private QwenModel() {}

    /**
     * Compares a checkpoint with its configuration.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming tensor or key
     */
    public static Blueprint blueprint(Checkpoint checkpoint, QwenConfig config) {
        QwenKeys keys = QwenKeys.of(checkpoint.tensors().keySet());
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

    /** A key of any of these families in a spelling that is the same in all layouts. */
    public static String layoutFreeKey(String key) {
        return QwenKeys.layoutFree(key);
    }

    private static Chain chain(QwenConfig config, QwenKeys keys) {
        List<Layer> layers = new ArrayList<>(tower(config.tower(), keys.tower()));
        int merge = layers.size();
        DecoderConfig text = config.text();
        String table = keys.decoder() + "embed_tokens.weight";
        layers.add(new TokenMerge(table, text.vocabulary(), text.hidden()));
        for (int i = 0; i < text.blocks(); i++) {
            layers.add(new DecoderBlock(keys.decoder(), i, text));
            if (i < config.tower().deepstack().size()) {
                layers.add(new DeepstackAddition());
            }
        }
        String norm = keys.decoder() + "norm.weight";
        LanguageLoss head = config.tiedHead()
                ? new LanguageLoss(norm, table, Role.TokenEmbedding, text)
                : new LanguageLoss(norm, keys.head(), Role.OutputHead, text);
        return new Chain(layers, merge, head);
    }

    private static List<Layer> tower(TowerConfig tower, String prefix) {
        List<Layer> layers = new ArrayList<>();
        layers.add(new PatchEmbedding(prefix, tower));
        if (tower.side() > 0) {
            layers.add(new PatchPositions(prefix, tower));
        }
        for (int i = 0; i < tower.blocks(); i++) {
            layers.add(new TowerBlock(prefix, i, tower));
            int tap = tower.deepstack().indexOf(i);
            if (tap >= 0) {
                layers.add(
                        new DeepstackTap(new PatchMerger(prefix + "deepstack_merger_list." + tap + ".", tower, true)));
            }
        }
        layers.add(new PatchMerger(prefix + "merger.", tower, false));
        return layers;
    }
}
