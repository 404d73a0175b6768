package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gradients are weighted by tokens: answers of different length make the difference visible. */
class AccumulationTest {
    @TempDir
    private Path folder;

    @Test
    void givenTheSameSamplesAStepWhenAccumulatedThenItEqualsTheLargeBatch() {
        List<JsonNode> large = train("large", Map.of("batchSize", 4, "gradientAccumulation", 1));
        List<JsonNode> accumulated = train("accumulated", Map.of("batchSize", 1, "gradientAccumulation", 4));

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

    private List<JsonNode> train(String name, Map<String, Integer> batch) {
        TestRun run =
                new TestRun(folder.resolve(name)).training(Map.of("steps", 3)).training(batch);
        run.part("data").remove("evaluation");
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        return run.metrics();
    }
}
