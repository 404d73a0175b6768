package io.vlfinetune.trainer.family.gemma3;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.processor.ImageEncoder;
import io.vlfinetune.trainer.processor.PositionRule;
import io.vlfinetune.trainer.processor.Tokenizer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/** Makes Gemma 3's inputs, as transformers' {@code Gemma3Processor} does. */
final class Gemma3Processor {
    private static final String FEATURE = "<image_soft_token>";
    private static final String END_OF_IMAGE = "<end_of_image>";

    /** Special tokens which the tokenizer names. */
    private static final Map<String, String> TOKENS =
            Map.of("image_token", FEATURE, "boi_token", Gemma3ChatTemplate.IMAGE, "eoi_token", END_OF_IMAGE);

    private Gemma3Processor() {}

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
        Gemma3ChatTemplate.requireIn(modelFolder);
        ConfigSection root = ConfigSection.read(modelFolder, ConfigSection.CONFIG);
        Gemma3Config config = Gemma3Config.of(root.node());
        Gemma3Images images = Gemma3Images.open(modelFolder, config.vision().image());
        requireAgreement(modelFolder, config);
        ConfigSection words = ConfigSection.read(modelFolder, "tokenizer_config.json");
        TOKENS.forEach((key, token) -> requireToken(words, key, token));
        String beginning = Objects.requireNonNullElse(words.token("bos_token"), "<bos>");
        Tokenizer tokenizer = Tokenizer.open(modelFolder);
        try {
            TOKENS.values().forEach(tokenizer::requireId);
            tokenizer.requireId(beginning);
            int feature = tokenizer.requireId(FEATURE);
            if (feature != config.imageToken()) {
                throw root.unsupported(
                        root.has("image_token_id") ? "image_token_id" : "image_token_index",
                        "the tokenizer's " + FEATURE + " is " + feature);
            }
            int tokens = config.tokensPerImage();
            String text = "\n\n" + Gemma3ChatTemplate.IMAGE + FEATURE.repeat(tokens) + END_OF_IMAGE + "\n\n";
            return new ChatProcessor(
                    tokenizer,
                    // The template writes <bos> itself; a second one, which the tokenizer would add, is a mistake.
                    false,
                    new Gemma3ChatTemplate(beginning),
                    image -> new ImageEncoder.Encoded(images.process(image), text, tokens),
                    PositionRule.COUNTING,
                    feature,
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

    private static void requireAgreement(Path modelFolder, Gemma3Config config) {
        ConfigSection processor = ConfigSection.read(modelFolder, "processor_config.json");
        if (processor.positive("image_seq_length", config.tokensPerImage()) != config.tokensPerImage()) {
            throw processor.unsupported(
                    "image_seq_length", "mm_tokens_per_image of config.json is " + config.tokensPerImage());
        }
        processor.section("images_kwargs").requireFalse("do_pan_and_scan");
    }
}
