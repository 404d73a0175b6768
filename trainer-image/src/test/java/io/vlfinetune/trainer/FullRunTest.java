package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.contract.LastWord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** One whole run with nothing frozen, and what it leaves. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FullRunTest {
    private TestRun run;
    private TestRun.Ended ended;

    @BeforeAll
    void train(@TempDir Path folder) {
        run = new TestRun(folder).training(Map.of("evaluateEvery", 2));
        ended = run.start();
    }

    @Test
    void thenItEndsWithSuccessAndItsLastWordSaysWhatWasMade() throws IOException {
        assertThat(ended.exitCode()).as(ended.lastWord().toString()).isZero();
        LastWord word = ended.lastWord();
        assertThat(word.outcome()).isEqualTo(LastWord.Outcome.Succeeded);
        assertThat(word.reason()).isNull();
        assertThat(word.step()).isEqualTo(4);
        assertThat(Objects.requireNonNull(word.output()).uri()).isEqualTo(TestRun.uri(run.output()));
        assertThat(word.output().bytes()).isEqualTo(Files.size(run.output().resolve("model.safetensors")));
        assertThat(word.output().digest()).matches("sha256:[0-9a-f]{64}");
        assertThat(Objects.requireNonNull(word.proof()).frozenTensors()).isZero();
        assertThat(Files.size(run.terminationLog())).isLessThanOrEqualTo(LastWord.MAX_BYTES);
    }

    @Test
    void thenTheOutputIsAModelFolderWithTheSameTensorsAndTrainedOnesDiffer() throws IOException {
        // No gradient reaches the tower above the feature layer: 16 tensors of block 3 and the post-norm's 2.
        assertThat(run.changed())
                .hasSizeGreaterThan(80)
                .noneMatch(name -> name.contains("vision_model.encoder.layers.3") || name.contains("post_layernorm"));
        JsonNode proof = run.document().path("proof");
        assertThat(proof.path("unused")).hasSize(18);
        assertThat(proof.path("changed").size()
                        + proof.path("unused").size()
                        + proof.path("unchangedAfterRounding").size())
                .isEqualTo(run.document().at("/plan/tensors").size());
        for (String companion : List.of("config.json", "tokenizer.json", "preprocessor_config.json")) {
            assertThat(run.output().resolve(companion))
                    .hasSameBinaryContentAs(run.model().resolve(companion));
        }
        try (PlannedModel reopened = PlannedModel.open(run.output(), FreezeSpec.NOTHING)) {
            assertThat(reopened.family().name()).isEqualTo("llava");
        }
        assertThat(run.leftovers()).containsExactly(run.output());
    }

    @Test
    void thenMetricsHaveOneObjectAStepAndOneAnEvaluation() {
        List<JsonNode> lines = run.metrics();
        assertThat(lines).hasSize(4 + 3);
        assertThat(lines)
                .extracting(line -> line.has("evaluation"))
                .containsExactly(true, false, false, true, false, false, true);
        List<JsonNode> steps =
                lines.stream().filter(line -> !line.has("evaluation")).toList();
        for (JsonNode step : steps) {
            assertThat(step.fieldNames())
                    .toIterable()
                    .containsExactly(
                            "step",
                            "epoch",
                            "phase",
                            "loss",
                            "gradientNorm",
                            "gradientNorms",
                            "learningRates",
                            "samples",
                            "tokens",
                            "seconds",
                            "peakMemoryBytes");
            assertThat(step.path("learningRates").fieldNames())
                    .toIterable()
                    .containsExactly("VisionTower", "Projector", "LanguageModel");
            assertThat(step.path("samples").asInt()).isEqualTo(2);
            assertThat(step.path("loss").asDouble()).isBetween(0.1, 10.0);
            assertThat(step.path("gradientNorm").asDouble()).isPositive();
        }
        assertThat(steps).extracting(step -> step.path("step").asInt()).containsExactly(1, 2, 3, 4);
        assertThat(steps.getFirst().at("/learningRates/Projector").asDouble()).isEqualTo(1e-3);
        assertThat(steps.get(2).at("/learningRates/Projector").asDouble()).isCloseTo(5e-4, within(1e-12));
        assertThat(steps.getLast().path("epoch").asDouble()).isCloseTo(4.0 / 3, within(1e-12));
        for (JsonNode line : lines.stream().filter(one -> one.has("evaluation")).toList()) {
            assertThat(line.fieldNames())
                    .toIterable()
                    .containsExactly("evaluation", "step", "epoch", "loss", "accuracy", "samples", "tokens", "seconds");
            assertThat(line.path("samples").asInt()).isEqualTo(3);
        }
    }

    @Test
    void thenTheDocumentBesideTheWeightsSaysWhereTheyComeFrom() {
        JsonNode document = run.document();
        assertThat(document.path("formatVersion").asInt()).isOne();
        assertThat(document.at("/run/name").asText()).isEqualTo("digits");
        assertThat(document.path("steps").asInt()).isEqualTo(4);
        assertThat(document.path("samples").asInt()).isEqualTo(6);
        assertThat(document.at("/base/family").asText()).isEqualTo("llava");
        assertThat(document.at("/plan/trainableParameters").asLong())
                .isEqualTo(document.at("/plan/totalParameters").asLong())
                .isEqualTo(289_920);
        assertThat(document.path("metrics"))
                .extracting(metric -> metric.path("name").asText())
                .containsExactly("held/loss", "held/accuracy");
        JsonNode loss = document.at("/metrics/0");
        List<JsonNode> evaluations =
                run.metrics().stream().filter(one -> one.has("evaluation")).toList();
        assertThat(loss.path("baseline").asDouble())
                .isCloseTo(evaluations.getFirst().path("loss").asDouble(), within(5.1e-5));
        assertThat(loss.path("value").asDouble())
                .isCloseTo(evaluations.getLast().path("loss").asDouble(), within(5.1e-5));
        assertThat(document.at("/versions/java").asText()).isNotEmpty();
    }

    @Test
    void whenStartedAgainThenItIsReportedAsAlreadyCompleteAndNothingChanges() throws IOException {
        byte[] before = run.weights();
        var written = Files.getLastModifiedTime(run.output().resolve("model.safetensors"));

        TestRun.Ended again = run.start();

        assertThat(again.exitCode()).as(again.lastWord().message()).isZero();
        assertThat(again.lastWord().outcome()).isEqualTo(LastWord.Outcome.Succeeded);
        assertThat(again.lastWord().message()).startsWith("already complete: " + run.output());
        assertThat(again.lastWord().output()).isEqualTo(ended.lastWord().output());
        assertThat(again.lastWord().proof()).isEqualTo(ended.lastWord().proof());
        assertThat(run.weights()).isEqualTo(before);
        assertThat(Files.getLastModifiedTime(run.output().resolve("model.safetensors")))
                .isEqualTo(written);
    }
}
