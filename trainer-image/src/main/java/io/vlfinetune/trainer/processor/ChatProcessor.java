package io.vlfinetune.trainer.processor;

import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.Processor;
import java.util.Arrays;
import java.util.List;

/**
 * Makes a model's inputs as processors of transformers do: the template writes the conversation down, every image's mark
 * becomes as many image tokens as the vision tower gives features for it, the tokenizer makes ids of it. Safe for use by
 * several threads; holds the tokenizer's native memory until closed.
 *
 * @param tokenizer of the model
 * @param addsSpecialTokens whether the tokenizer puts its own tokens around the text; false if the template does
 * @param template writes conversations down
 * @param images preprocesses them
 * @param positions of the tokens
 * @param imageToken id of the token that stands for an image feature
 * @param media where the images of the samples lie
 * @param maxLength the most tokens a sample may have, image tokens included
 */
public record ChatProcessor(
        Tokenizer tokenizer,
        boolean addsSpecialTokens,
        ChatTemplate template,
        ImageEncoder images,
        PositionRule positions,
        int imageToken,
        MediaRoot media,
        int maxLength)
        implements Processor {
    @Override
    public EncodedSample encode(Conversation conversation) {
        return encode(conversation, template.render(conversation));
    }

    /**
     * Encodes what comes before the last answer of a conversation, for the model to answer.
     *
     * @throws io.vlfinetune.trainer.TrainerException as {@link #encode}
     */
    public EncodedSample prompt(Conversation conversation) {
        return encode(conversation, template.render(conversation).prompt());
    }

    /** The same for samples whose images lie elsewhere; it shares the tokenizer, so one of the two is closed. */
    public ChatProcessor at(MediaRoot other) {
        return new ChatProcessor(
                tokenizer, addsSpecialTokens, template, images, positions, imageToken, other, maxLength);
    }

    private EncodedSample encode(Conversation conversation, RenderedText rendered) {
        try {
            return encodeFit(conversation, rendered);
        } catch (RefusedException e) {
            throw conversation.location().invalid(e.getMessage(), e);
        } catch (TrainerException e) {
            throw e;
        } catch (RuntimeException e) {
            throw conversation.location().invalid("it cannot be encoded: " + e + "; correct it or leave it out", e);
        }
    }

    private EncodedSample encodeFit(Conversation conversation, RenderedText rendered) {
        List<ImageEncoder.Encoded> encoded = conversation.images().stream()
                .limit(rendered.images().size())
                .map(image -> encode(image, conversation))
                .toList();
        RenderedText text = rendered.expanded(
                encoded.stream().map(ImageEncoder.Encoded::text).toList());
        TokenizedText tokens = tokenizer.encode(text.text(), addsSpecialTokens);
        check(
                conversation,
                tokens.ids(),
                encoded.stream().mapToInt(ImageEncoder.Encoded::tokens).sum());
        List<Pixels> pixels = encoded.stream().map(ImageEncoder.Encoded::pixels).toList();
        return new EncodedSample(
                conversation.location().toString(),
                tokens.ids(),
                tokens.labels(text.trained()),
                pixels,
                positions.of(tokens.ids(), pixels));
    }

    private ImageEncoder.Encoded encode(Content.Image image, Conversation conversation) {
        return images.encode(media.load(image, conversation.location()));
    }

    private void check(Conversation conversation, int[] ids, int imageTokens) {
        if (ids.length > maxLength) {
            throw conversation
                    .location()
                    .invalid(
                            "%d tokens (%d of them for images), but data.maxLength is %d; shorten it or raise data.maxLength"
                                    .formatted(ids.length, imageTokens, maxLength));
        }
        if (Arrays.stream(ids).filter(id -> id == imageToken).count() != imageTokens) {
            throw conversation
                    .location()
                    .invalid("the text contains the model's own image token; use <image> with an image, or remove it");
        }
    }

    /** The text of tokens, without special ones. */
    public String text(int[] ids) {
        return tokenizer.decode(ids);
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
