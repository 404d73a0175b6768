package io.vlfinetune.trainer.family.idefics3;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.decoder.DecoderConfig;
import io.vlfinetune.trainer.model.decoder.DecoderKind;
import io.vlfinetune.trainer.model.encoder.EncoderConfig;

/**
 * Idefics3's numbers, with transformers' defaults (configuration_idefics3.py, configuration_smolvlm.py).
 *
 * @param vision the vision tower's
 * @param text the language model's
 * @param scale how many patches of each side become one feature
 * @param tiedHead whether the output head is the embedding table
 * @param imageToken stands where an image feature goes
 * @param padToken fills rows up
 */
record Idefics3Config(
        EncoderConfig vision, DecoderConfig text, int scale, boolean tiedHead, int imageToken, int padToken) {
    private static final int DEFAULT_IMAGE_TOKEN = 128257;

    static Idefics3Config of(JsonNode config) {
        ConfigSection root = ConfigSection.of(config);
        for (String part : new String[] {"vision_config", "text_config"}) {
            if (!root.has(part)) {
                throw root.refused(part, "an object");
            }
        }
        ConfigSection textSection = root.section("text_config");
        EncoderConfig vision = EncoderConfig.idefics3(root.section("vision_config"));
        DecoderConfig text =
                DecoderConfig.of(textSection, DecoderKind.of(textSection, DecoderKind.Llama, DecoderKind.Llama));
        int imageToken = root.integer("image_token_id", DEFAULT_IMAGE_TOKEN);
        if (imageToken < 0 || imageToken >= text.vocabulary()) {
            throw root.refused("image_token_id", "a token of the vocabulary, 0 to " + (text.vocabulary() - 1));
        }
        int scale = root.positive("scale_factor", 2);
        if (vision.side() % scale != 0) {
            throw root.refused("scale_factor", "a divisor of the " + vision.side() + " patches on a side of an image");
        }
        int padToken = root.integer("pad_token_id", textSection.integer("pad_token_id", 0));
        return new Idefics3Config(
                vision,
                text,
                scale,
                // transformers 5 asks the model's own switch, not the decoder's.
                root.flag("tie_word_embeddings", false),
                imageToken,
                // Padding is never attended to and has no loss: any token of the table will do.
                padToken >= 0 && padToken < text.vocabulary() ? padToken : 0);
    }

    /** Features of one tile. */
    int tokensPerTile() {
        int side = vision.side() / scale;
        return side * side;
    }
}
