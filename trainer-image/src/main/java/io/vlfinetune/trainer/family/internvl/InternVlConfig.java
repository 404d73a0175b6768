package io.vlfinetune.trainer.family.internvl;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.Activation;
import io.vlfinetune.trainer.model.decoder.DecoderConfig;
import io.vlfinetune.trainer.model.decoder.DecoderKind;

/**
 * InternVL's numbers, with transformers' defaults (configuration_internvl.py).
 *
 * @param vision the vision tower's
 * @param text the language model's
 * @param takenBlocks how many blocks of the tower run before the features are taken
 * @param normsFeatures whether the tower's last norm is applied to them
 * @param shuffle patches on each side of the square that becomes one feature
 * @param projectorActivation between the projector's two layers
 * @param tiedHead whether the output head is the embedding table
 * @param imageToken stands where an image feature goes
 * @param padToken fills rows up
 */
record InternVlConfig(
        InternVlVision vision,
        DecoderConfig text,
        int takenBlocks,
        boolean normsFeatures,
        int shuffle,
        Activation projectorActivation,
        boolean tiedHead,
        int imageToken,
        int padToken) {
    private static final String TIED = "tie_word_embeddings";

    /**
     * Reads config.json.
     *
     * @param storesHead whether the checkpoint has an output head, which decides where config.json says nothing
     */
    static InternVlConfig of(JsonNode config, boolean storesHead) {
        ConfigSection root = ConfigSection.of(config);
        ConfigSection textSection = root.section("text_config");
        InternVlVision vision = InternVlVision.of(root.section("vision_config"));
        DecoderConfig text = DecoderConfig.of(
                textSection,
                DecoderKind.of(
                        textSection, DecoderKind.Qwen2, DecoderKind.Qwen2, DecoderKind.Qwen3, DecoderKind.Llama));
        // The class token is no part of the square that is shuffled.
        root.requireText("vision_feature_select_strategy", "default");
        int blocks = vision.encoder().blocks();
        int layer = layer(root, blocks);
        int imageToken = root.integer("image_token_id", 151667);
        if (imageToken < 0 || imageToken >= text.vocabulary()) {
            throw root.refused("image_token_id", "a token of the vocabulary, 0 to " + (text.vocabulary() - 1));
        }
        int padToken = root.integer("pad_token_id", textSection.integer("pad_token_id", 0));
        return new InternVlConfig(
                vision,
                text,
                layer < 0 ? blocks + 1 + layer : layer,
                layer == -1 && vision.lastNorm(),
                shuffle(root, vision),
                Activation.of(root, "projector_hidden_act", "gelu"),
                tied(root, textSection, storesHead),
                imageToken,
                // Padding is never attended to and has no loss: any token of the table will do.
                padToken >= 0 && padToken < text.vocabulary() ? padToken : 0);
    }

    /** From the embeddings (0) to the last block's output, or from the end; only -1 passes the tower's last norm. */
    private static int layer(ConfigSection root, int blocks) {
        String key = "vision_feature_layer";
        int layer = root.integer(key, -1);
        if (layer < -(blocks + 1) || layer > blocks) {
            throw root.refused(key, "-" + (blocks + 1) + " to " + blocks + " for " + blocks + " blocks");
        }
        return layer;
    }

    private static int shuffle(ConfigSection root, InternVlVision vision) {
        String key = "downsample_ratio";
        double ratio = root.number(key, 0.5);
        int shuffle = ratio > 0 ? (int) Math.round(1 / ratio) : 0;
        int side = vision.encoder().side();
        if (shuffle < 1 || 1.0 / shuffle != ratio || side % shuffle != 0) {
            throw root.refused(key, "1 divided by a divisor of the tower's " + side + " patches a side");
        }
        return shuffle;
    }

    private static boolean tied(ConfigSection root, ConfigSection text, boolean storesHead) {
        ConfigSection says = root.has(TIED) ? root : text;
        boolean tied = says.flag(TIED, !storesHead);
        if (tied && storesHead) {
            throw says.refused(TIED, "false for a checkpoint that stores an output head");
        }
        return tied;
    }

    /** Features on each side of a tile. */
    int side() {
        return vision.encoder().side() / shuffle;
    }
}
