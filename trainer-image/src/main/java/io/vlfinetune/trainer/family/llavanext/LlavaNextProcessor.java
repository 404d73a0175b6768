package io.vlfinetune.trainer.family.llavanext;

import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.family.llava.LlavaTokens;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.processor.PositionRule;
import io.vlfinetune.trainer.processor.Tokenizer;
import java.nio.file.Path;
import java.util.OptionalInt;

/** Makes LLaVA-NeXT's inputs, as transformers' {@code LlavaNextProcessor} does. */
final class LlavaNextProcessor {
    private LlavaNextProcessor() {}

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
        TiledImages images = TiledImages.open(modelFolder);
        requireSamePinpoints(ConfigSection.read(modelFolder, "config.json"), images.pinpoints());
        Tokenizer tokenizer = Tokenizer.open(modelFolder);
        try {
            LlavaTokens tokens = LlavaTokens.read(
                    modelFolder, tokenizer, OptionalInt.of(images.pinpoints().tile()));
            return new ChatProcessor(
                    tokenizer,
                    true,
                    LlavaNextTemplates.of(modelFolder, tokens),
                    images.encoder(tokens.imageToken(), (int) Math.sqrt(tokens.tokensPerTile())),
                    PositionRule.COUNTING,
                    tokens.imageTokenId(),
                    media,
                    maxLength);
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /** The model counts features by its own list, preprocessing makes tiles by the other. */
    private static void requireSamePinpoints(ConfigSection config, Pinpoints made) {
        Pinpoints asked = Pinpoints.of(config, made.tile());
        if (!asked.equals(made)) {
            throw config.unsupported(Pinpoints.KEY, "preprocessor_config.json has another list");
        }
    }
}
