package io.vlfinetune.trainer.family.gemma3;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.decoder.GemmaConfig;
import io.vlfinetune.trainer.model.encoder.EncoderConfig;

/**
 * Gemma 3's numbers, with transformers' defaults (configuration_gemma3.py).
 *
 * @param vision the vision tower's
 * @param text the language model's
 * @param side features on each side of an image
 * @param tiedHead whether the output head is the embedding table
 * @param imageToken stands where an image feature goes
 * @param padToken fills rows up
 */
record Gemma3Config(EncoderConfig vision, GemmaConfig text, int side, boolean tiedHead, int imageToken, int padToken) {
    static Gemma3Config of(JsonNode config) {
        ConfigSection root = ConfigSection.of(config);
        for (String part : new String[] {"vision_config", "text_config"}) {
            if (!root.has(part)) {
                throw root.refused(part, "an object");
            }
        }
        ConfigSection visionSection = root.section("vision_config");
        visionSection.requireFalse("vision_use_head");
        EncoderConfig vision = EncoderConfig.siglip(visionSection, "siglip_vision_model");
        GemmaConfig text = GemmaConfig.of(root.section("text_config"));
        String imageKey = root.has("image_token_id") ? "image_token_id" : "image_token_index";
        int imageToken = root.integer(imageKey, 262144);
        if (imageToken < 0 || imageToken >= text.vocabulary()) {
            throw root.refused(imageKey, "a token of the vocabulary, 0 to " + (text.vocabulary() - 1));
        }
        int padToken = root.section("text_config").integer("pad_token_id", 0);
        return new Gemma3Config(
                vision,
                text,
                side(root, vision),
                root.flag("tie_word_embeddings", true),
                imageToken,
                // Padding is never attended to and has no loss: any token of the table will do.
                padToken >= 0 && padToken < text.vocabulary() ? padToken : 0);
    }

    private static int side(ConfigSection root, EncoderConfig vision) {
        int tokens = root.positive("mm_tokens_per_image", 256);
        int side = (int) Math.sqrt(tokens);
        if (side * side != tokens || vision.side() % side != 0) {
            throw root.refused(
                    "mm_tokens_per_image",
                    "the square of a divisor of the " + vision.side() + " patches on a side of an image");
        }
        return side;
    }

    /** Features of one image. */
    int tokensPerImage() {
        return side * side;
    }
}
