package io.vlfinetune.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.api.Part;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void writeThreeStepsWithEvaluationsAroundThem() {
        file = folder.resolve("scratch").resolve("metrics.jsonl");
        try (MetricsLog log = new MetricsLog(file, 0, false)) {
            log.add(evaluation(0));
            log.add(step(1));
            log.add(step(2));
            log.add(evaluation(2));
            log.add(step(3));
        }
    }

    @Test
    void givenEntriesThenEachIsALineWithItsKeysInOrder() throws IOException {
        assertThat(Files.readAllLines(file))
                .containsExactly(
                        "{\"evaluation\":\"held\",\"step\":0,\"epoch\":0.0,\"loss\":2.5,\"accuracy\":0.25,\"samples\":4,\"tokens\":9,\"seconds\":0.5}",
                        step("1"),
                        step("2"),
                        "{\"evaluation\":\"held\",\"step\":2,\"epoch\":0.0,\"loss\":2.5,\"accuracy\":0.25,\"samples\":4,\"tokens\":9,\"seconds\":0.5}",
                        step("3"));
    }

    @Test
    void givenACheckpointBeforeItsEvaluationWhenResumedThenLaterLinesAreDropped() throws IOException {
        resume(2, false);
        assertThat(Files.readAllLines(file)).hasSize(3).last().asString().startsWith("{\"step\":2,");
    }

    @Test
    void givenACheckpointAfterItsEvaluationWhenResumedThenTheEvaluationStays() throws IOException {
        resume(2, true);
        assertThat(Files.readAllLines(file))
                .hasSize(4)
                .last()
                .asString()
                .startsWith("{\"evaluation\":\"held\",\"step\":2,");
        try (MetricsLog log = new MetricsLog(file, 2, true)) {
            log.add(step(3));
        }
        assertThat(Files.readAllLines(file)).hasSize(5).last().isEqualTo(step("3"));
    }

    @Test
    void givenATornLastLineWhenResumedThenItIsDropped() throws IOException {
        Files.writeString(file, "{\"step\":4,\"epoch\":0.", StandardOpenOption.APPEND);
        resume(4, true);
        assertThat(Files.readAllLines(file)).hasSize(5).last().isEqualTo(step("3"));
    }

    @Test
    void givenBytesThatAreNoTextAtTheEndWhenResumedThenTheyAreDropped() throws IOException {
        Files.write(file, new byte[] {'{', (byte) 0xC3, 0, 0}, StandardOpenOption.APPEND);
        resume(4, true);
        assertThat(Files.readAllLines(file)).hasSize(5).last().isEqualTo(step("3"));
    }

    @Test
    void givenAFreshStartWhenOpenedThenLinesOfAnEarlierRunAreGone() {
        resume(0, false);
        assertThat(file).isEmptyFile();
    }

    @Test
    void givenAPlaceThatCannotBeWrittenWhenOpenedThenTheFileIsNamed() throws IOException {
        Path blocked = Files.writeString(folder.resolve("file"), "").resolve("metrics.jsonl");
        assertThatThrownBy(() -> new MetricsLog(blocked, 0, false))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(blocked + " cannot be written");
    }

    private void resume(long step, boolean evaluated) {
        new MetricsLog(file, step, evaluated).close();
    }

    private static MetricsLog.Step step(long number) {
        return new MetricsLog.Step(
                number,
                0.5,
                "train",
                1.25,
                3,
                Map.of(Part.Projector, 3.0),
                Map.of(Part.Projector, 1e-4),
                2,
                40,
                0.125,
                1000,
                null);
    }

    private static String step(String number) {
        return "{\"step\":" + number
                + ",\"epoch\":0.5,\"phase\":\"train\",\"loss\":1.25,\"gradientNorm\":3.0,\"gradientNorms\":{\"Projector\":3.0},\"learningRates\":{\"Projector\":1.0E-4},\"samples\":2,\"tokens\":40,\"seconds\":0.125,\"peakMemoryBytes\":1000}";
    }

    private static MetricsLog.Evaluation evaluation(long step) {
        return new MetricsLog.Evaluation("held", step, 0, 2.5, 0.25, 4, 9, 0.5);
    }
}
