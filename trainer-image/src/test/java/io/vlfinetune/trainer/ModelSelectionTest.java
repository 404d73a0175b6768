package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.trainer.training.StopSignal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Early stopping and the choice of the best model. The learning rate is constant, so a run of {@code n} steps is the
 * beginning of every longer one. Held-out loss after 0, 1, 2, … steps, from the run itself:
 *
 * <pre>
 * 2e-2  6.74 6.09 5.64 6.09 6.13 6.07
 * 5e-2  6.74 6.38 7.06 5.97 6.06 7.50
 * 0.2   6.74 6.77 15.1 11.5
 * </pre>
 */
class ModelSelectionTest {
    private static final int STEPS = 12;

    @TempDir
    private Path folder;

    private TestRun run(String name, String learningRate, int steps) {
        TestRun run = new TestRun(folder.resolve(name))
                .projectorAndLanguageModel()
                .training(Map.of("steps", steps, "evaluateEvery", 1));
        run.part("training")
                .put("learningRate", learningRate)
                .putObject("schedule")
                .put("name", "Constant");
        return run;
    }

    private TestRun stoppingEarly(String learningRate, int patience) {
        TestRun run = run("early", learningRate, STEPS);
        run.part("training")
                .putObject("earlyStopping")
                .put("metric", "held/loss")
                .put("patience", patience);
        return run;
    }

    private static TestRun best(TestRun run, String metric) {
        run.part("output").put("select", "Best").put("metric", metric);
        return run;
    }

    /** The weights after so many steps. */
    private byte[] weightsAfter(String learningRate, int steps) {
        TestRun whole = run("whole", learningRate, steps);
        assertThat(whole.start().exitCode()).isZero();
        return whole.weights();
    }

    @ParameterizedTest(name = "learning rate {0}, patience {1}: stops at {2}, best at {3}")
    @CsvSource({"2e-2, 1, 3, 2", "2e-2, 2, 4, 2", "5e-2, 1, 2, 1", "5e-2, 2, 5, 3", "0.2, 1, 1, 0"})
    void givenPatienceWhenTheLossNoLongerFallsThenTheRunStopsThere(
            String learningRate, int patience, int stops, int bestStep) {
        TestRun run = stoppingEarly(learningRate, patience);
        TestRun.Ended ended = run.start();

        LastWord word = ended.lastWord();
        assertThat(ended.exitCode()).as(word.message()).isZero();
        assertThat(word.step()).isEqualTo(stops);
        assertThat(word.message())
                .startsWith("stopped early at step " + stops + " of " + STEPS + ", since held/loss was best at step "
                        + bestStep + " (");
        assertThat(run.document().path("steps").asInt()).isEqualTo(stops);
        assertThat(run.document().path("selectedStep").asInt()).isEqualTo(stops);
        assertThat(run.metrics().stream().filter(line -> line.has("evaluation")))
                .hasSize(stops + 1);
        JsonNode loss = run.document().at("/metrics/0");
        assertThat(loss.path("bestStep").asInt()).isEqualTo(bestStep);
        assertThat(loss.path("step").asInt()).isEqualTo(stops);
        assertThat(run.weights()).as("the model of the last step").isEqualTo(weightsAfter(learningRate, stops));
    }

    @Test
    void givenEnoughPatienceWhenTrainedThenNothingIsStopped() {
        TestRun run = stoppingEarly("2e-2", 3).training(Map.of("steps", 4));
        TestRun.Ended ended = run.start();
        assertThat(ended.lastWord().message()).startsWith("trained 4 steps; ");
        assertThat(run.document().path("steps").asInt()).isEqualTo(4);
    }

    @Test
    void givenBestWhenTrainedThenTheWeightsOfTheBestStepAreWritten() {
        TestRun run = best(run("best", "2e-2", 5), "held/loss");
        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(ended.lastWord().message())
                .startsWith("trained 5 steps; the model of step 2 is written, the best by held/loss; ");
        assertThat(run.document().path("steps").asInt()).isEqualTo(5);
        assertThat(run.document().path("selectedStep").asInt()).isEqualTo(2);
        assertThat(run.weights()).isEqualTo(weightsAfter("2e-2", 2));
    }

    @Test
    void givenBestAndEarlyStoppingWhenStoppedAndResumedThenTheSameBestModelIsWritten() {
        TestRun run = best(stoppingEarly("2e-2", 2), "held/loss");
        // An evaluation looks at the signal three times, a step once: in the evaluation after step 3.
        assertThat(run.start(new TestRun.StopAt(14)).exitCode()).isEqualTo(ExitCodes.STOPPED);
        assertThat(run.lastWord().step()).isEqualTo(3);
        assertThat(bestFiles(run)).containsExactly("best-00000002.safetensors");

        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(ended.lastWord().message())
                .contains("stopped early at step 4 of 12", "the model of step 2 is written");
        assertThat(run.weights()).isEqualTo(weightsAfter("2e-2", 2));
    }

    @Test
    void givenTheBaseModelIsTheBestThenTheOutputEqualsItAndTheProofSaysSo() {
        TestRun run = best(run("best", "0.2", 3), "held/loss");
        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(ended.lastWord().message()).contains("the model of step 0 is written, the best by held/loss");
        assertThat(run.changed()).isEmpty();
        var proof = Objects.requireNonNull(ended.lastWord().proof());
        assertThat(proof.holds()).isTrue();
        assertThat(proof.changedTensors()).isZero();
        // Gradients reached every trainable tensor, and still its bytes are those of the base model.
        assertThat(run.document().at("/proof/unused")).isEmpty();
        assertThat(run.document().at("/proof/unchangedAfterRounding"))
                .hasSize(run.document().at("/plan/phases/0/trainableTensors").asInt());
    }

    @Test
    void givenEqualValuesThenTheEarliestIsTheBest() {
        // Nothing is learnt in two steps: accuracy stays 0.
        TestRun run = best(run("best", "1e-3", 2), "held/accuracy");
        assertThat(run.start().exitCode()).isZero();
        assertThat(run.document().path("selectedStep").asInt()).isZero();
    }

    @Test
    void givenABetterModelAtEveryEvaluationThenOnlyTheNewestIsKept() {
        TestRun run = best(run("best", "1e-3", 6), "held/loss");
        List<Integer> kept = new ArrayList<>();
        StopSignal looks = new StopSignal() {
            @Override
            public boolean requested() {
                kept.add(bestFiles(run).size());
                return false;
            }
        };
        assertThat(run.start(looks).exitCode()).isZero();
        assertThat(run.document().path("selectedStep").asInt()).isEqualTo(6);
        assertThat(kept).contains(0, 1).allMatch(files -> files <= 1);
    }

    private static List<String> bestFiles(TestRun run) {
        Path checkpoints = run.root().resolve("scratch").resolve("checkpoints");
        if (!Files.exists(checkpoints)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.walk(checkpoints)) {
            return paths.map(path -> path.getFileName().toString())
                    .filter(name -> name.startsWith("best-"))
                    .sorted()
                    .toList();
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }
}
