package io.vlfinetune.trainer.family.internvl;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.processor.ImageEncoder;
import io.vlfinetune.trainer.processor.ImageSettings;
import io.vlfinetune.trainer.processor.PositionRule;
import io.vlfinetune.trainer.processor.Tokenizer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Makes InternVL's inputs, as transformers' {@code InternVLProcessor} does. */
final class InternVlProcessor {
    private InternVlProcessor() {}

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
        InternVlTemplate.requireIn(modelFolder);
        InternVlImages images = InternVlImages.open(modelFolder);
        ConfigSection root = ConfigSection.read(modelFolder, "config.json");
        InternVlConfig config = InternVlConfig.of(root.node(), false);
        ConfigSection size = ImageSettings.read(modelFolder);
        if (images.tile() != config.vision().encoder().image()) {
            throw size.unsupported(
                    "size",
                    "the vision tower takes %1$d x %1$d pixels"
                            .formatted(config.vision().encoder().image()));
        }
        int features = config.side() * config.side();
        ConfigSection processor = ConfigSection.read(modelFolder, "processor_config.json");
        if (processor.positive("image_seq_length", features) != features) {
            throw processor.unsupported("image_seq_length", "the model makes " + features + " features of a tile");
        }
        Tokenizer tokenizer = Tokenizer.open(modelFolder);
        try {
            return open(modelFolder, tokenizer, images, features, media, maxLength);
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    private static ChatProcessor open(
            Path modelFolder,
            Tokenizer tokenizer,
            InternVlImages images,
            int features,
            MediaRoot media,
            int maxLength) {
        ConfigSection config = ConfigSection.read(modelFolder, "config.json");
        ConfigSection words = ConfigSection.read(modelFolder, "tokenizer_config.json");
        String start = token(words, "start_image_token", "<img>");
        String end = token(words, "end_image_token", "</img>");
        String context = token(words, "context_image_token", "<IMG_CONTEXT>");
        tokenizer.requireId(start);
        tokenizer.requireId(end);
        tokenizer.requireId(InternVlTemplate.END);
        int id = tokenizer.requireId(context);
        if (config.count("image_token_id", id) != id) {
            throw config.unsupported("image_token_id", "the tokenizer's %s is %d".formatted(context, id));
        }
        ImageEncoder encoder = image -> {
            Pixels pixels = images.process(image);
            int tokens = features * pixels.pieces();
            return new ImageEncoder.Encoded(pixels, start + context.repeat(tokens) + end, tokens);
        };
        return new ChatProcessor(
                tokenizer, true, new InternVlTemplate(context), encoder, PositionRule.COUNTING, id, media, maxLength);
    }

    /** Beside the other tokens, or among the extra ones. */
    private static String token(ConfigSection words, String key, String absent) {
        @Nullable String given = words.token(key);
        if (given != null) {
            return given;
        }
        boolean nested = words.node().path("extra_special_tokens").isObject();
        @Nullable String extra = nested ? words.section("extra_special_tokens").token(key) : null;
        return extra == null ? absent : extra;
    }
}
