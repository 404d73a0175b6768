package io.vlfinetune.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LastWordsTest {
    private static final int CRD_TEXT = 2048;

    @TempDir
    private Path folder;

    @Test
    void givenAShortWordThenItStaysAsItIs() {
        LastWord word = word("spec.freeze: nothing", null, "one line");
        assertThat(LastWords.fitting(word)).isSameAs(word);
    }

    @Test
    void givenManyNamesAndALongLogThenNamesGoFirstAndCountsStay() throws IOException {
        List<String> names = IntStream.range(0, 64)
                .mapToObj(i -> "vision.layers." + i + ".very.long.name.weight")
                .toList();
        LastWord fitted = LastWords.fitting(word("m", new ProofStatus(700, 700, 3, names, names), "l".repeat(2000)));

        assertThat(bytes(fitted)).isLessThanOrEqualTo(LastWord.MAX_BYTES);
        assertThat(fitted.logTail()).hasSize(2000);
        ProofStatus proof = Objects.requireNonNull(fitted.proof());
        assertThat(proof.frozenTensors()).isEqualTo(700);
        assertThat(proof.unused()).isNotEmpty().hasSizeLessThan(64).first().isEqualTo(names.getFirst());
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "ü", "\"", "\u0001", "😀", "漢"})
    void givenTextsOfAnyLengthAndScriptThenTheWordFits(String letter) throws IOException {
        for (int length : List.of(100, 1499, 1501, 2048, 3000, 100_000)) {
            LastWord fitted =
                    LastWords.fitting(word(letter.repeat(length), null, letter.repeat(2000 / letter.length())));
            assertThat(bytes(fitted)).isLessThanOrEqualTo(LastWord.MAX_BYTES);
            assertThat(fitted.message()).startsWith(letter);
            // The progress object's schema refuses longer texts, and with them the whole report.
            assertThat(fitted.message().length()).isLessThanOrEqualTo(CRD_TEXT);
            assertThat(new String(fitted.message().getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
                    .as("no letter is cut in two")
                    .isEqualTo(fitted.message());
        }
    }

    @Test
    void givenAFileWhenWrittenThenItReadsBack() throws IOException {
        Path file = folder.resolve("termination-log");
        Files.writeString(file, "left over and much longer than what comes".repeat(100));
        LastWord word = word("m".repeat(5000), null, null);

        LastWords.write(file, word);

        assertThat(Json.strict().readValue(Files.readString(file), LastWord.class))
                .isEqualTo(LastWords.fitting(word));
    }

    @Test
    void givenAFileThatCannotBeWrittenThenItIsNamed() {
        Path file = folder.resolve("absent").resolve("termination-log");
        assertThatThrownBy(() -> LastWords.write(file, word("m", null, null)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(file + " cannot be written");
    }

    private static LastWord word(String message, @Nullable ProofStatus proof, @Nullable String logTail) {
        return new LastWord(1, LastWord.Outcome.Failed, Reason.TrainerError, message, 7L, null, null, proof, logTail);
    }

    private static int bytes(LastWord word) throws IOException {
        return Json.strict().writeValueAsString(word).getBytes(StandardCharsets.UTF_8).length;
    }
}
