package io.vlfinetune.trainer.family.llava;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.ClipImageProcessor;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.ModelJson;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.Processor;
import io.vlfinetune.trainer.data.RenderedText;
import io.vlfinetune.trainer.data.TokenizedText;
import io.vlfinetune.trainer.data.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes LLaVA-1.5's inputs, as transformers' {@code LlavaProcessor} does: every image becomes as many image tokens as the
 * vision tower gives features for it. Safe for use by several threads; holds the tokenizer's native memory until closed.
 */
public final class LlavaProcessor implements Processor {
    private final Tokenizer tokenizer;
    private final ClipImageProcessor imageProcessor;
    private final MediaRoot media;
    private final LlavaChatTemplate template;
    private final int imageTokenId;
    private final int tokensPerImage;
    private final int maxLength;

    private LlavaProcessor(
            Tokenizer tokenizer,
            ClipImageProcessor imageProcessor,
            MediaRoot media,
            LlavaTokens tokens,
            int maxLength) {
        this.tokenizer = tokenizer;
        this.imageProcessor = imageProcessor;
        this.media = media;
        this.maxLength = maxLength;
        imageTokenId = tokens.imageTokenId();
        tokensPerImage = tokens.tokensPerImage();
        template = new LlavaChatTemplate(tokens.imageToken().repeat(tokensPerImage), tokens.endToken());
    }

    /**
     * Opens a model folder.
     *
     * @param modelFolder with tokenizer.json, config.json, preprocessor_config.json and, if there are any,
     *     processor_config.json, tokenizer_config.json and a chat template
     * @param media where the images of the samples lie
     * @param maxLength the most tokens a sample may have, image tokens included
     * @throws TrainerException ModelUnsupported when the folder asks for what is not supported or contradicts itself
     */
    public static LlavaProcessor open(Path modelFolder, MediaRoot media, int maxLength) {
        requireTemplate(modelFolder);
        ClipImageProcessor imageProcessor = ClipImageProcessor.open(modelFolder);
        Tokenizer tokenizer = Tokenizer.open(modelFolder);
        try {
            LlavaTokens tokens = LlavaTokens.read(modelFolder, tokenizer, imageProcessor);
            return new LlavaProcessor(tokenizer, imageProcessor, media, tokens, maxLength);
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    @Override
    public EncodedSample encode(Conversation conversation) {
        RenderedText rendered = template.render(conversation);
        TokenizedText tokens = tokenizer.encode(rendered.text());
        List<Content.Image> images = conversation.images();
        check(conversation, tokens.ids(), images.size());
        List<Pixels> pixels = images.stream()
                .map(image -> imageProcessor.process(media.load(image, conversation.location())))
                .toList();
        return new EncodedSample(
                conversation.location().toString(), tokens.ids(), tokens.labels(rendered.trained()), pixels);
    }

    private void check(Conversation conversation, int[] ids, int images) {
        if (ids.length > maxLength) {
            throw conversation
                    .location()
                    .invalid(
                            "%d tokens (%d of them for images), but data.maxLength is %d; shorten it or raise data.maxLength"
                                    .formatted(ids.length, images * tokensPerImage, maxLength));
        }
        long found = Arrays.stream(ids).filter(id -> id == imageTokenId).count();
        if (found != (long) images * tokensPerImage) {
            throw conversation
                    .location()
                    .invalid("the text contains the model's own image token; use <image> with an image, or remove it");
        }
    }

    /** Looks where transformers looks, in its order; without a template LLaVA-1.5's is meant. */
    private static void requireTemplate(Path folder) {
        Path jinja = folder.resolve("chat_template.jinja");
        if (Files.exists(jinja)) {
            try {
                LlavaChatTemplate.requireSupported(Files.readString(jinja), jinja.toString());
            } catch (IOException e) {
                throw new TrainerException(Reason.ModelUnsupported, jinja + " cannot be read: " + e.getMessage(), e);
            }
            return;
        }
        for (String name : List.of("chat_template.json", "processor_config.json", "tokenizer_config.json")) {
            ModelJson file = ModelJson.read(folder, name);
            String found = template(file);
            if (found != null) {
                LlavaChatTemplate.requireSupported(found, file.file() + ": `chat_template`");
                return;
            }
        }
    }

    /** A string, or a list of named ones of which "default" counts. */
    private static @Nullable String template(ModelJson file) {
        JsonNode value = file.json().path("chat_template");
        if (!value.isArray()) {
            return file.text("chat_template");
        }
        for (JsonNode named : value) {
            if (named.path("name").asText().equals("default")) {
                return Objects.requireNonNull(named.path("template").asText());
            }
        }
        return null;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
