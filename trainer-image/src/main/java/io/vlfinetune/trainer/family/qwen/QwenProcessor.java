package io.vlfinetune.trainer.family.qwen;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.processor.Tokenizer;
import java.nio.file.Path;

/** Makes inputs as transformers' {@code Qwen2VLProcessor} does, which all three families use. */
public final class QwenProcessor {
    private static final int DEFAULT_VIDEO_TOKEN = 151656;

    private QwenProcessor() {}

    /**
     * Opens a model folder.
     *
     * @param folder with tokenizer.json, config.json and preprocessor_config.json or processor_config.json
     * @param media where the images of the samples lie
     * @param maxLength the most tokens a sample may have, image tokens included
     * @param template writes conversations down
     * @param patch pixels on each side of a patch where config.json says nothing
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported when the folder asks for what is not supported or
     *     contradicts itself
     */
    public static ChatProcessor open(
            Path folder, MediaRoot media, int maxLength, QwenChatTemplate template, int patch) {
        ConfigSection config = ConfigSection.read(folder, ConfigSection.CONFIG);
        ConfigSection vision = config.section("vision_config");
        int merge = vision.positive("spatial_merge_size", 2);
        QwenImages images = QwenImages.open(
                folder, vision.positive("patch_size", patch), vision.positive("temporal_patch_size", 2), merge);
        Tokenizer tokenizer = Tokenizer.open(folder);
        try {
            int imageToken = tokenizer.requireId(QwenChatTemplate.IMAGE);
            if (config.integer("image_token_id", imageToken) != imageToken) {
                throw config.unsupported(
                        "image_token_id", "the tokenizer's " + QwenChatTemplate.IMAGE + " is " + imageToken);
            }
            int videoToken = config.integer("video_token_id", DEFAULT_VIDEO_TOKEN);
            return new ChatProcessor(
                    tokenizer,
                    true,
                    template,
                    images,
                    new QwenPositions(imageToken, videoToken, merge),
                    imageToken,
                    media,
                    maxLength);
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }
}
