package io.vlfinetune.trainer.family.qwen;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.model.decoder.DecoderConfig;
import io.vlfinetune.trainer.model.qwen.TowerConfig;

/**
 * A model's numbers.
 *
 * @param tower the vision tower's
 * @param text the language model's
 * @param tiedHead whether the output head is the embedding table
 * @param imageToken stands where an image feature goes
 * @param padToken fills rows up
 */
public record QwenConfig(TowerConfig tower, DecoderConfig text, boolean tiedHead, int imageToken, int padToken) {
    private static final int DEFAULT_IMAGE_TOKEN = 151655;

    /**
     * Puts tower and decoder together.
     *
     * @param root the whole configuration
     * @param textSection where the decoder's numbers were read
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming key and value, if they do not fit
     */
    public static QwenConfig of(
            ConfigSection root, ConfigSection textSection, TowerConfig tower, DecoderConfig text, boolean tiedHead) {
        int imageToken = root.integer("image_token_id", DEFAULT_IMAGE_TOKEN);
        if (imageToken < 0 || imageToken >= text.vocabulary()) {
            throw root.refused("image_token_id", "a token of the vocabulary, 0 to " + (text.vocabulary() - 1));
        }
        if (tower.deepstack().size() > text.blocks()) {
            throw root.section("vision_config")
                    .refused("deepstack_visual_indexes", "at most as many as blocks of the decoder, " + text.blocks());
        }
        int pad = textSection.integer("pad_token_id", root.integer("pad_token_id", 0));
        // Padding is never attended to and has no loss: any token of the table that is no image will do.
        boolean usable = pad >= 0 && pad < text.vocabulary() && pad != imageToken;
        return new QwenConfig(tower, text, tiedHead, imageToken, usable ? pad : 0);
    }
}
