package io.vlfinetune.trainer.family.llava;

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
import io.vlfinetune.trainer.weights.Checkpoint;
import java.util.ArrayList;
import java.util.List;

/**
 * A model in LLaVA's manner: layers that make features of pixels, then a decoder that reads them among its tokens.
 *
 * @param vision from pixels to the projector's output
 * @param unused tensors that the checkpoint has and no layer reads
 * @param text the decoder's numbers
 * @param tiedHead whether the output head is the embedding table
 * @param imageToken stands where an image feature goes
 * @param padToken fills rows up
 */
public record LlavaParts(
        List<Layer> vision,
        List<LayerTensor> unused,
        DecoderConfig text,
        boolean tiedHead,
        int imageToken,
        int padToken) {
    /** Copies the lists. */
    public LlavaParts {
        vision = List.copyOf(vision);
        unused = List.copyOf(unused);
    }

    /**
     * The whole model against what a checkpoint stores.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported if they do not fit
     */
    public Blueprint blueprint(Checkpoint checkpoint, LlavaKeys keys) {
        if (tiedHead && checkpoint.tensors().containsKey(keys.head())) {
            throw ConfigSection.of(checkpoint.config())
                    .section("text_config")
                    .refused("tie_word_embeddings", "false for a checkpoint that stores " + keys.head());
        }
        Chain chain = chain(keys);
        List<LayerTensor> declared = new ArrayList<>();
        chain.layers().forEach(layer -> declared.addAll(layer.declared()));
        declared.addAll(unused);
        TensorTable table = new TensorTable(checkpoint, declared);
        return new Blueprint(
                chain,
                table.roles(),
                table.unusedBy(chain.layers()),
                table.undecayed(),
                tiedHead,
                imageToken,
                padToken);
    }

    private Chain chain(LlavaKeys keys) {
        List<Layer> layers = new ArrayList<>(vision);
        String table = keys.decoder() + "embed_tokens.weight";
        layers.add(new TokenMerge(table, text.vocabulary(), text.hidden()));
        for (int i = 0; i < text.blocks(); i++) {
            layers.add(new DecoderBlock(keys.decoder(), i, text));
        }
        String norm = keys.decoder() + "norm.weight";
        LanguageLoss head = tiedHead
                ? new LanguageLoss(norm, table, Role.TokenEmbedding, text)
                : new LanguageLoss(norm, keys.head(), Role.OutputHead, text);
        return new Chain(layers, vision.size(), head);
    }
}
