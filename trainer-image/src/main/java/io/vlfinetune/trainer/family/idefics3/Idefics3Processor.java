package io.vlfinetune.trainer.family.idefics3;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.RgbImage;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.processor.ImageEncoder;
import io.vlfinetune.trainer.processor.ImageSettings;
import io.vlfinetune.trainer.processor.PositionRule;
import io.vlfinetune.trainer.processor.Tokenizer;
import java.nio.file.Path;
import java.util.Map;

/**
 * Makes the inputs of Idefics3 and SmolVLM, as transformers' {@code Idefics3Processor} and {@code SmolVLMProcessor} do.
 *
 * @param images preprocesses them
 * @param tokensPerTile features of one tile
 */
record Idefics3Processor(Idefics3Images images, int tokensPerTile) implements ImageEncoder {
    private static final String AROUND = "<fake_token_around_image>";
    private static final String WHOLE = "<global-img>";

    /** Special tokens which a tokenizer of SmolVLM may name, and which the template has in its text. */
    private static final Map<String, String> TOKENS = Map.of(
            "image_token",
            Idefics3ChatTemplate.IMAGE,
            "fake_image_token",
            AROUND,
            "global_image_token",
            WHOLE,
            "end_of_utterance_token",
            Idefics3ChatTemplate.END);

    /**
     * Opens a model folder.
     *
     * @param modelFolder with tokenizer.json, config.json, preprocessor_config.json and, if there are any,
     *     processor_config.json, tokenizer_config.json and a chat template
     * @param media where the images of the samples lie
     * @param maxLength the most tokens a sample may have, image tokens included
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported when the folder asks for what is not supported or
     *     contradicts itself
     */
    static ChatProcessor open(Path modelFolder, MediaRoot media, int maxLength) {
        Idefics3ChatTemplate template = Idefics3ChatTemplate.in(modelFolder);
        ConfigSection root = ConfigSection.read(modelFolder, ConfigSection.CONFIG);
        Idefics3Config config = Idefics3Config.of(root.node());
        Idefics3Images images = Idefics3Images.open(modelFolder);
        requireAgreement(modelFolder, config, images);
        ConfigSection words = ConfigSection.read(modelFolder, "tokenizer_config.json");
        TOKENS.forEach((key, token) -> requireToken(words, key, token));
        Tokenizer tokenizer = Tokenizer.open(modelFolder);
        try {
            TOKENS.values().forEach(tokenizer::requireId);
            int image = tokenizer.requireId(Idefics3ChatTemplate.IMAGE);
            if (image != config.imageToken()) {
                throw root.unsupported("image_token_id", "the tokenizer's <image> is " + image);
            }
            return new ChatProcessor(
                    tokenizer,
                    // As transformers' apply_chat_template: not again if the template wrote the first of them.
                    !template.beginning().equals(words.token("bos_token")),
                    template,
                    new Idefics3Processor(images, config.tokensPerTile()),
                    PositionRule.COUNTING,
                    image,
                    media,
                    maxLength);
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    private static void requireToken(ConfigSection words, String key, String token) {
        String named = words.token(key);
        if (named != null && !named.equals(token)) {
            throw words.refused(key, token);
        }
    }

    private static void requireAgreement(Path modelFolder, Idefics3Config config, Idefics3Images images) {
        if (images.tile() != config.vision().image()) {
            throw ImageSettings.read(modelFolder)
                    .section("max_image_size")
                    .refused(
                            "longest_edge",
                            "vision_config.image_size of config.json, "
                                    + config.vision().image());
        }
        ConfigSection processor = ConfigSection.read(modelFolder, "processor_config.json");
        if (processor.positive("image_seq_len", config.tokensPerTile()) != config.tokensPerTile()) {
            throw processor.unsupported(
                    "image_seq_len", "the vision tower makes " + config.tokensPerTile() + " features of a tile");
        }
    }

    @Override
    public Encoded encode(RgbImage image) {
        Idefics3Images.Tiles tiles = images.process(image);
        return new Encoded(tiles.pixels(), text(tiles), tiles.pixels().pieces() * tokensPerTile);
    }

    private String text(Idefics3Images.Tiles tiles) {
        String features = Idefics3ChatTemplate.IMAGE.repeat(tokensPerTile);
        StringBuilder text = new StringBuilder();
        for (int row = 1; row <= tiles.rows(); row++) {
            for (int column = 1; column <= tiles.columns(); column++) {
                text.append(AROUND)
                        .append("<row_%d_col_%d>".formatted(row, column))
                        .append(features);
            }
            text.append('\n');
        }
        if (tiles.rows() > 0) {
            text.append('\n');
        }
        return text.append(AROUND).append(WHOLE).append(features).append(AROUND).toString();
    }
}
