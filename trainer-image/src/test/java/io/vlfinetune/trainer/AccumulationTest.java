package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.contract.ExitCodes;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gradients are weighted by tokens: answers of different length make the difference visible. */
class AccumulationTest {
    private static final Map<String, Integer> ONE_BY_ONE = Map.of("batchSize", 1, "gradientAccumulation", 4);

    @TempDir
    private Path folder;

    @Test
    void givenTheSameSamplesAStepWhenAccumulatedThenItEqualsTheLargeBatch() {
        List<JsonNode> large = train("large", Map.of("batchSize", 4, "gradientAccumulation", 1));
        List<JsonNode> accumulated = train("accumulated", ONE_BY_ONE);

        assertThat(accumulated).hasSameSizeAs(large);
        for (int i = 0; i < large.size(); i++) {
            for (String field : List.of("loss", "gradientNorm")) {
                double expected = large.get(i).path(field).asDouble();
                assertThat(accumulated.get(i).path(field).asDouble())
                        .as("%s of step %d", field, i + 1)
                        .isCloseTo(expected, within(1e-4 * expected));
            }
            for (String field : List.of("samples", "tokens", "epoch")) {
                assertThat(accumulated.get(i).path(field))
                        .isEqualTo(large.get(i).path(field));
            }
        }
    }

    /** Four samples a step and two in the last one of an epoch: looks 1 to 4 are of the first step, 5 and 6 of the second. */
    @ParameterizedTest(name = "stopped at look {0}: step {1}")
    @CsvSource({"2, 0", "4, 0", "6, 1", "8, 2", "10, 2"})
    void givenAStopInsideAStepWhenTheRunGoesOnThenTheStepIsTakenAnewAndTheResultIsTheSameBitForBit(
            int look, long step) {
        TestRun whole = run("whole", ONE_BY_ONE);
        TestRun run = run("stopped", ONE_BY_ONE);
        assertThat(whole.start().exitCode()).isZero();

        TestRun.Ended stopped = run.start(new TestRun.StopAt(look));
        assertThat(stopped.exitCode()).as(stopped.lastWord().message()).isEqualTo(ExitCodes.STOPPED);
        assertThat(stopped.lastWord().step()).isEqualTo(step);
        assertThat(TestRun.lines(run.liveMetrics())).hasSize((int) step);

        assertThat(run.start().exitCode()).isZero();
        assertThat(run.weights()).isEqualTo(whole.weights());
        assertThat(run.reproducibleMetrics()).isEqualTo(whole.reproducibleMetrics());
    }

    private List<JsonNode> train(String name, Map<String, Integer> batch) {
        TestRun run = run(name, batch);
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        return run.metrics();
    }

    private TestRun run(String name, Map<String, Integer> batch) {
        TestRun run =
                new TestRun(folder.resolve(name)).training(Map.of("steps", 3)).training(batch);
        run.part("data").remove("evaluation");
        return run;
    }
}
