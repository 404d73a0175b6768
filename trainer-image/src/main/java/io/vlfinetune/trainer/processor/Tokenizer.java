package io.vlfinetune.trainer.processor;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The tokenizer of a model folder's {@code tokenizer.json}, in Hugging Face's own implementation. Nothing is fetched,
 * nothing is cut or padded. Safe for use by several threads; holds native memory until closed.
 */
public final class Tokenizer implements AutoCloseable {
    private final Path file;
    private final HuggingFaceTokenizer tokenizer;

    private Tokenizer(Path file, HuggingFaceTokenizer tokenizer) {
        this.file = file;
        this.tokenizer = tokenizer;
    }

    /**
     * Opens a model folder's tokenizer.
     *
     * @throws TrainerException ModelUnsupported when there is none or it is damaged
     */
    public static Tokenizer open(Path modelFolder) {
        Path file = modelFolder.resolve("tokenizer.json");
        if (!Files.isRegularFile(file)) {
            throw new TrainerException(
                    Reason.ModelUnsupported,
                    file + " is missing; only models with a tokenizer.json are supported (AutoTokenizer.from_pretrained"
                            + "(…).save_pretrained(…) writes one)");
        }
        try {
            // Without these DJL cuts at 512 tokens.
            return new Tokenizer(
                    file,
                    HuggingFaceTokenizer.newInstance(
                            file, Map.of("truncation", "DO_NOT_TRUNCATE", "padding", "DO_NOT_PAD")));
        } catch (IOException | RuntimeException e) { // the native library throws RuntimeException for a damaged file
            throw new TrainerException(
                    Reason.ModelUnsupported, file + " is not a tokenizer that can be read: " + e.getMessage(), e);
        }
    }

    /**
     * Tokens of a text. Special tokens written in the text become those tokens.
     *
     * @param addsSpecialTokens whether to add the tokens that the model wants around it ({@code <s>})
     */
    public TokenizedText encode(String text, boolean addsSpecialTokens) {
        Encoding encoding = tokenizer.encode(text, addsSpecialTokens, false);
        long[] ids = encoding.getIds();
        CharSpan[] spans = encoding.getCharTokenSpans();
        int[] positions = positions(text);
        int[] tokens = new int[ids.length];
        int[] starts = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            tokens[i] = Math.toIntExact(ids[i]);
            starts[i] = spans[i] == null ? -1 : positions[spans[i].getStart()];
        }
        return new TokenizedText(tokens, starts);
    }

    /** The id of a token that is written as one; empty when the tokenizer does not know it. */
    public OptionalInt idOf(String token) {
        Encoding encoding = tokenizer.encode(token, false, false);
        return encoding.getIds().length == 1 && encoding.getTokens()[0].equals(token)
                ? OptionalInt.of(Math.toIntExact(encoding.getIds()[0]))
                : OptionalInt.empty();
    }

    /**
     * The id of a token that a model needs.
     *
     * @throws TrainerException ModelUnsupported when the tokenizer does not know it
     */
    public int requireId(String token) {
        return idOf(token)
                .orElseThrow(() -> new TrainerException(
                        Reason.ModelUnsupported, file + " has no token " + token + ", which the model needs"));
    }

    /** The text of tokens, without special ones. */
    public String decode(int[] ids) {
        return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), true);
    }

    /** The tokenizer counts code points, Java counts chars: the index of each code point, and of the end. */
    private static int[] positions(String text) {
        int[] positions = new int[text.codePointCount(0, text.length()) + 1];
        int at = 0;
        for (int point = 0; point < positions.length; point++) {
            positions[point] = at;
            at += at < text.length() ? Character.charCount(text.codePointAt(at)) : 0;
        }
        return positions;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
