package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.trainer.training.StopSignal;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run that was stopped, killed or damaged and goes on equals one that was never touched, bit for bit. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ResumeTest {
    /** Three held-out samples in batches of two: an evaluation looks at the stop signal three times, a step once. */
    private static final Map<String, Integer> TRAINING =
            Map.of("steps", 5, "evaluateEvery", 2, "checkpointEvery", 2, "keepCheckpoints", 2);

    private TestRun uninterrupted;

    @BeforeAll
    void trainWithoutInterruption(@TempDir Path folder) {
        uninterrupted = run(folder);
        TestRun.Ended ended = uninterrupted.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
    }

    private static TestRun run(Path folder) {
        return new TestRun(folder).projectorAndLanguageModel().training(TRAINING);
    }

    @ParameterizedTest(name = "stopped at look {0}: step {1}, {2} evaluations made")
    @CsvSource({
        "1, 0, 0", // before the first evaluation
        "2, 0, 0", // in the middle of it
        "3, 0, 0", // at its end
        "4, 0, 1", // before the first step
        "5, 1, 1", // between steps
        "6, 2, 1", // in the evaluation after step 2
        "7, 2, 1",
        "8, 2, 1",
        "9, 2, 2", // after it
        "12, 4, 2", // second batch of the next one
        "14, 4, 3", // after the checkpoint of step 4
        "16, 5, 3" // in the middle of the last one
    })
    void givenARunStoppedAnywhereWhenItGoesOnThenTheResultIsTheSameBitForBit(
            int look, long step, int evaluations, @TempDir Path folder) {
        TestRun run = run(folder);

        TestRun.Ended stopped = run.start(new TestRun.StopAt(look));

        assertThat(stopped.exitCode()).as(stopped.lastWord().message()).isEqualTo(ExitCodes.STOPPED);
        assertThat(stopped.lastWord().outcome()).isEqualTo(LastWord.Outcome.Stopped);
        assertThat(stopped.lastWord().step()).isEqualTo(step);
        assertThat(Objects.requireNonNull(stopped.lastWord().checkpoint()).step())
                .isEqualTo(step);
        assertThat(run.checkpoints()).isNotEmpty();
        assertThat(run.leftovers()).isEmpty();
        assertThat(TestRun.lines(run.liveMetrics()).stream().filter(line -> line.has("evaluation")))
                .hasSize(evaluations);

        assertThat(run.start().exitCode()).isZero();
        assertSameResult(run);
    }

    @Test
    void givenARunStoppedTwiceAtTheSamePlaceWhenItGoesOnThenTheResultIsTheSame(@TempDir Path folder) {
        TestRun run = run(folder);
        assertThat(run.start(new TestRun.StopAt(9)).exitCode()).isEqualTo(ExitCodes.STOPPED);
        StopSignal stop = new StopSignal();
        stop.request();
        TestRun.Ended again = run.start(stop);
        assertThat(again.exitCode()).isEqualTo(ExitCodes.STOPPED);
        assertThat(again.lastWord().step()).isEqualTo(2);

        assertThat(run.start().exitCode()).isZero();
        assertSameResult(run);
    }

    @ParameterizedTest
    @CsvSource({"state.safetensors", "state.json", "COMPLETE"})
    void givenTheNewestCheckpointTornWhenTheRunGoesOnThenTheOneBeforeCountsAndTheResultIsTheSame(
            String file, @TempDir Path folder) throws IOException {
        TestRun run = run(folder);
        assertThat(run.start(new TestRun.StopAt(14)).exitCode()).isEqualTo(ExitCodes.STOPPED);
        List<Path> checkpoints = run.checkpoints();
        assertThat(checkpoints)
                .extracting(path -> path.getFileName().toString())
                .containsExactly("step-00000002", "step-00000004");
        tear(checkpoints.getLast().resolve(file));
        // The process died in the middle of a line as well.
        Files.writeString(run.liveMetrics(), "{\"step\":5,\"epo", StandardOpenOption.APPEND);

        TestRun.Ended stopped = run.start(new TestRun.StopAt(1));
        assertThat(stopped.lastWord().step()).isEqualTo(2);
        assertThat(run.start().exitCode()).isZero();
        assertSameResult(run);
    }

    @Test
    void givenARunWithoutEvaluationSetsStoppedWhenItGoesOnThenItResumesAtItsStep(@TempDir Path folder) {
        TestRun run = new TestRun(folder).projectorOnly();
        run.part("data").remove("evaluation");
        assertThat(run.start(new TestRun.StopAt(3)).lastWord().step()).isEqualTo(2);
        long firstAttempt = TestRun.lines(run.liveMetrics()).size();

        TestRun.Ended stopped = run.start(new TestRun.StopAt(2));

        assertThat(firstAttempt).isEqualTo(2);
        assertThat(stopped.exitCode()).isEqualTo(ExitCodes.STOPPED);
        assertThat(stopped.lastWord().step())
                .as("goes on from step 2 for one step")
                .isEqualTo(3);
        assertThat(run.start().exitCode()).isZero();
        assertThat(run.metrics()).extracting(line -> line.path("step").asInt()).containsExactly(1, 2, 3, 4);
    }

    @Test
    void givenACheckpointOfAnotherDeclarationWhenTheRunStartsThenItBeginsAnew(@TempDir Path folder) {
        TestRun run = run(folder);
        assertThat(run.start(new TestRun.StopAt(5)).lastWord().step()).isEqualTo(1);
        run.part("training").put("learningRate", "2e-3");

        TestRun.Ended stopped = run.start(new TestRun.StopAt(3));

        assertThat(stopped.lastWord().step()).isZero();
    }

    @Test
    void givenAnotherDeclarationInBetweenWhenTheFirstComesBackThenItGoesOnWithMetricsOfItsOwn(@TempDir Path folder) {
        TestRun run = run(folder);
        String rate = run.part("training").path("learningRate").asText();
        assertThat(run.start(new TestRun.StopAt(9)).lastWord().step()).isEqualTo(2);
        run.part("training").put("learningRate", "2e-3");
        assertThat(run.start(new TestRun.StopAt(14)).lastWord().step()).isEqualTo(4);
        assertThat(TestRun.lines(run.liveMetrics())).as("the link follows").hasSize(4 + 3);

        run.part("training").put("learningRate", rate);
        List<String> said = new ArrayList<>();
        assertThat(run.listener(said::add).start().exitCode()).isZero();
        assertThat(said)
                .anyMatch(line -> line.contains("resuming at step 2"))
                .anyMatch(line -> line.contains(" MiB of another declaration of this run"));
        assertSameResult(run);
    }

    @Test
    void givenTheSameDeclarationInAnotherFolderWhenTrainedThenTheResultIsTheSameBitForBit(@TempDir Path folder) {
        TestRun run = run(folder);
        assertThat(run.start().exitCode()).isZero();
        assertSameResult(run);
    }

    private void assertSameResult(TestRun run) {
        assertThat(run.weights()).isEqualTo(uninterrupted.weights());
        assertThat(run.reproducibleMetrics()).isEqualTo(uninterrupted.reproducibleMetrics());
        assertThat(run.reproducibleCurves()).isEqualTo(uninterrupted.reproducibleCurves());
        for (String field : List.of("/runDigest", "/metrics", "/proof", "/weightsDigest", "/plan", "/steps")) {
            JsonNode expected = uninterrupted.document().at(field);
            assertThat(run.document().at(field)).as(field).isEqualTo(expected);
        }
    }

    private static void tear(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
    }
}
