package io.vlfinetune.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.api.Part;
import io.vlfinetune.trainer.testing.TensorBoardFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardLogTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-01T12:00:00.250Z"), ZoneOffset.UTC);
    private static final double NOW = 1772366400.25;

    @TempDir
    private Path folder;

    private static MetricsLog.Step step(long number) {
        return new MetricsLog.Step(
                number,
                0.5,
                "train",
                1.25 / number,
                3,
                Map.of(Part.Projector, 2.0),
                Map.of(Part.Projector, 1e-4, Part.LanguageModel, 1e-5),
                2,
                40,
                0.125,
                1000,
                null);
    }

    private static MetricsLog.Evaluation evaluation(long step) {
        return new MetricsLog.Evaluation("held out ✓", step, 0, 2.5, 0.25, 4, 9, 0.5);
    }

    private void attempt(long resumed, boolean evaluated, long last) {
        try (TensorBoardLog log = new TensorBoardLog(folder, resumed, evaluated, CLOCK)) {
            if (resumed == 0 && !evaluated) {
                log.add(evaluation(0));
            }
            for (long step = resumed + 1; step <= last; step++) {
                log.add(step(step));
            }
        }
    }

    @Test
    void theChecksumIsThatOfTheFormat() {
        // RFC 3720, B.4: CRC32C of 32 zero bytes is 8a9136aa; TensorFlow's mask upon it.
        int crc = 0x8A9136AA;
        assertThat(EventRecord.maskedChecksum(new byte[32], 0, 32))
                .isEqualTo(((crc >>> 15) | (crc << 17)) + 0xA282EAD8);
    }

    @Test
    void givenStepsAndEvaluationsThenEachValueIsACurveWithStepAndTime() throws IOException {
        attempt(0, false, 300);

        TensorBoardFolder read = TensorBoardFolder.read(folder);

        assertThat(read.versions()).containsExactly("brain.Event:2");
        assertThat(read.curves())
                .containsOnlyKeys(
                        "train/loss",
                        "train/gradientNorm",
                        "gradientNorm/Projector",
                        "train/epoch",
                        "learningRate/Projector",
                        "learningRate/LanguageModel",
                        "speed/samplesPerSecond",
                        "speed/tokensPerSecond",
                        "memory/peakBytes",
                        "evaluation/held out ✓/loss",
                        "evaluation/held out ✓/accuracy");
        assertThat(read.curves().get("train/loss"))
                .hasSize(300)
                .element(199)
                .isEqualTo(new TensorBoardFolder.Point(200, NOW, 1.25f / 200));
        assertThat(read.curves().get("learningRate/Projector").getLast().value())
                .isEqualTo(1e-4f);
        assertThat(read.curves().get("speed/samplesPerSecond").getLast().value())
                .isEqualTo(16);
        assertThat(read.curves().get("evaluation/held out ✓/accuracy"))
                .containsExactly(new TensorBoardFolder.Point(0, NOW, 0.25f));
        assertThat(folder).isDirectoryContaining("glob:**/events.out.tfevents.1772366400.vlfinetune");
    }

    @Test
    void givenARunThatResumesThenNoStepIsShownTwice() throws IOException {
        attempt(0, false, 7);
        attempt(4, false, 6);
        attempt(2, true, 5);

        TensorBoardFolder read = TensorBoardFolder.read(folder);

        assertThat(TensorBoardLog.files(folder)).hasSize(3);
        assertThat(read.steps("train/loss")).containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(read.steps("evaluation/held out ✓/loss")).containsExactly(0L);
    }

    @Test
    void givenACrashInTheMiddleOfARecordThenTheFilesAfterItAreReadAllTheSame() throws IOException {
        attempt(0, false, 3);
        Path torn = TensorBoardLog.files(folder).getFirst();
        byte[] bytes = Files.readAllBytes(torn);
        Files.write(torn, Arrays.copyOf(bytes, bytes.length - 5), StandardOpenOption.TRUNCATE_EXISTING);
        attempt(2, false, 4);
        assertThat(TensorBoardFolder.read(folder).steps("train/loss")).containsExactly(1L, 2L, 3L, 4L);
    }

    @Test
    void givenARunThatResumesAfterItsBaselineThenTheBaselineStays() throws IOException {
        attempt(0, false, 0);
        attempt(0, true, 2);
        TensorBoardFolder read = TensorBoardFolder.read(folder);
        assertThat(read.steps("evaluation/held out ✓/loss")).containsExactly(0L);
        assertThat(read.steps("train/loss")).containsExactly(1L, 2L);
    }

    @Test
    void givenARunThatStartsAnewThenNothingOfAnEarlierOneIsLeft() throws IOException {
        attempt(0, false, 7);
        Path other = Files.writeString(folder.resolve("notes.txt"), "mine");
        attempt(0, false, 1);
        assertThat(TensorBoardLog.files(folder)).hasSize(1);
        assertThat(TensorBoardFolder.read(folder).steps("train/loss")).containsExactly(1L);
        assertThat(other).exists();
    }

    @Test
    void givenAFolderThatCannotBeMadeThenTheMessageNamesIt() throws IOException {
        Path blocked = Files.write(folder.resolve("file"), "".getBytes(StandardCharsets.UTF_8))
                .resolve("tensorboard");
        assertThatThrownBy(() -> new TensorBoardLog(blocked, 0, false, CLOCK))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(blocked.toString());
    }
}
