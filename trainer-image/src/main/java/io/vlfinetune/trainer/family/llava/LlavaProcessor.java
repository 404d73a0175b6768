package io.vlfinetune.trainer.family.llava;

import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.processor.ClipImageProcessor;
import io.vlfinetune.trainer.processor.ImageEncoder;
import io.vlfinetune.trainer.processor.PositionRule;
import io.vlfinetune.trainer.processor.Tokenizer;
import java.nio.file.Path;

/** Makes LLaVA-1.5's inputs, as transformers' {@code LlavaProcessor} does. */
final class LlavaProcessor {
    private LlavaProcessor() {}

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
        LlavaChatTemplate.requireIn(modelFolder);
        ClipImageProcessor images = ClipImageProcessor.open(modelFolder);
        Tokenizer tokenizer = Tokenizer.open(modelFolder);
        try {
            LlavaTokens tokens = LlavaTokens.read(modelFolder, tokenizer, images.squareSize());
            String features = tokens.imageToken().repeat(tokens.tokensPerTile());
            return new ChatProcessor(
                    tokenizer,
                    true,
                    new LlavaChatTemplate(tokens.imageToken(), tokens.endToken()),
                    image -> new ImageEncoder.Encoded(images.process(image), features, tokens.tokensPerTile()),
                    PositionRule.COUNTING,
                    tokens.imageTokenId(),
                    media,
                    maxLength);
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }
}
