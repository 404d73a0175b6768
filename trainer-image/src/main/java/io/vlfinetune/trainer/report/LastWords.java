package io.vlfinetune.trainer.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Fits a last word into the bytes that the kubelet keeps, giving up first what can be read elsewhere. */
public final class LastWords {
    /** What the progress object's schema allows a text; a longer one would cost the whole report. */
    private static final int TEXT = 2048;

    private static final int MESSAGE = 1500;

    private LastWords() {}

    /**
     * Writes the last word where the kubelet reads it.
     *
     * @throws UncheckedIOException if the file cannot be written
     */
    public static void write(Path file, LastWord word) {
        try {
            Files.write(file, bytes(fitting(word)));
        } catch (IOException problem) {
            throw new UncheckedIOException(file + " cannot be written: " + problem.getMessage(), problem);
        }
    }

    /** The same last word in at most {@link LastWord#MAX_BYTES} bytes: names first, then the log, then the message. */
    public static LastWord fitting(LastWord word) {
        LastWord fitted =
                word.message().length() > TEXT ? with(word, cut(word.message()), word.proof(), word.logTail()) : word;
        while (bytes(fitted).length > LastWord.MAX_BYTES) {
            ProofStatus proof = fitted.proof();
            String log = fitted.logTail();
            if (proof != null
                    && !(proof.unused().isEmpty()
                            && proof.unchangedAfterRounding().isEmpty())) {
                fitted = with(fitted, fitted.message(), shorter(proof), log);
            } else if (log != null) {
                fitted = with(fitted, fitted.message(), proof, log.length() > 200 ? end(log) : null);
            } else {
                fitted = with(fitted, cut(fitted.message()), proof, null);
            }
        }
        return fitted;
    }

    private static String cut(String message) {
        int end = message.length() > TEXT ? MESSAGE : message.length() / 2;
        boolean splitsLetter = end > 0 && Character.isHighSurrogate(message.charAt(end - 1));
        return message.substring(0, splitsLetter ? end - 1 : end) + " …";
    }

    private static String end(String log) {
        int begin = log.length() / 2;
        return log.substring(Character.isLowSurrogate(log.charAt(begin)) ? begin + 1 : begin);
    }

    private static ProofStatus shorter(ProofStatus proof) {
        return new ProofStatus(
                proof.frozenTensors(),
                proof.verified(),
                proof.changedTensors(),
                half(proof.unused()),
                half(proof.unchangedAfterRounding()));
    }

    private static List<String> half(List<String> names) {
        return names.subList(0, names.size() / 2);
    }

    private static LastWord with(LastWord word, String message, @Nullable ProofStatus proof, @Nullable String logTail) {
        return new LastWord(
                word.attempt(),
                word.outcome(),
                word.reason(),
                message,
                word.step(),
                word.checkpoint(),
                word.output(),
                proof,
                logTail);
    }

    private static byte[] bytes(LastWord word) {
        try {
            return Json.strict().writeValueAsString(word).getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
