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
        LastWord fitted = word;
        while (bytes(fitted).length > LastWord.MAX_BYTES) {
            ProofStatus proof = fitted.proof();
            String log = fitted.logTail();
            if (proof != null
                    && !(proof.unused().isEmpty()
                            && proof.unchangedAfterRounding().isEmpty())) {
                fitted = with(fitted, fitted.message(), shorter(proof), log);
            } else if (log != null) {
                fitted = with(
                        fitted, fitted.message(), proof, log.length() > 200 ? log.substring(log.length() / 2) : null);
            } else {
                fitted = with(fitted, cut(fitted.message()), proof, null);
            }
        }
        return fitted;
    }

    private static String cut(String message) {
        return message.length() > MESSAGE
                ? message.substring(0, MESSAGE) + " …"
                : message.substring(0, message.length() / 2) + " …";
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
