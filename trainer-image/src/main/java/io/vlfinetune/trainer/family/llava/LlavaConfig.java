package io.vlfinetune.trainer.family.llava;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.Activation;
import io.vlfinetune.trainer.model.decoder.DecoderConfig;
import io.vlfinetune.trainer.model.decoder.DecoderKind;
import io.vlfinetune.trainer.model.encoder.EncoderConfig;

/**
 * LLaVA's numbers, with transformers' defaults (configuration_llava.py).
 *
 * @param vision the vision tower's
 * @param text the language model's
 * @param takenBlocks how many blocks of the tower run before the features are taken
 * @param keepsClassToken whether the class token is a feature too ({@code full}) or left out ({@code default})
 * @param projectorActivation between the projector's two layers
 * @param projectorBias whether its layers have a bias
 * @param tiedHead whether the output head is the embedding table
 * @param imageToken stands where an image feature goes
 * @param padToken fills rows up
 */
record LlavaConfig(
        EncoderConfig vision,
        DecoderConfig text,
        int takenBlocks,
        boolean keepsClassToken,
        Activation projectorActivation,
        boolean projectorBias,
        boolean tiedHead,
        int imageToken,
        int padToken) {
    private static final int DEFAULT_IMAGE_TOKEN = 32000;

    static LlavaConfig of(JsonNode config) {
        ConfigSection root = ConfigSection.of(config);
        if (!root.has("vision_config")) {
            throw root.refused("vision_config", "an object");
        }
        ConfigSection textSection = root.section("text_config");
        EncoderConfig vision = EncoderConfig.clip(root.section("vision_config"));
        DecoderConfig text = DecoderConfig.of(
                textSection, DecoderKind.of(textSection, DecoderKind.Llama, DecoderKind.Llama, DecoderKind.Mistral));
        int imageToken = root.integer("image_token_id", root.integer("image_token_index", DEFAULT_IMAGE_TOKEN));
        if (imageToken < 0 || imageToken >= text.vocabulary()) {
            throw root.refused(
                    root.has("image_token_id") ? "image_token_id" : "image_token_index",
                    "a token of the vocabulary, 0 to " + (text.vocabulary() - 1));
        }
        int padToken = root.integer("pad_token_id", textSection.integer("pad_token_id", 0));
        return new LlavaConfig(
                vision,
                text,
                takenBlocks(root, vision.blocks()),
                keepsClassToken(root),
                Activation.of(root, "projector_hidden_act", "gelu"),
                root.flag("multimodal_projector_bias", true),
                textSection.flag("tie_word_embeddings", root.flag("tie_word_embeddings", false)),
                imageToken,
                // Padding is never attended to and has no loss: any token of the table will do.
                padToken >= 0 && padToken < text.vocabulary() ? padToken : 0);
    }

    /** Features are numbered from the embeddings (0) to the last block's output, or from the end (-1). */
    private static int takenBlocks(ConfigSection root, int blocks) {
        String key = "vision_feature_layer";
        int layer = root.integer(key, -2);
        int taken = layer < 0 ? blocks + 1 + layer : layer;
        if (taken < 0 || taken > blocks) {
            throw root.refused(key, "-" + (blocks + 1) + " to " + blocks + " for " + blocks + " blocks");
        }
        return taken;
    }

    private static boolean keepsClassToken(ConfigSection root) {
        String key = "vision_feature_select_strategy";
        return switch (root.text(key, "default")) {
            case "default" -> false;
            case "full" -> true;
            default -> throw root.refused(key, "\"default\", \"full\"");
        };
    }
}
