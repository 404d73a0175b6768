package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.testing.ProgressServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs that freeze and unfreeze on the way: what is trained when, what stays, what is told of it. */
class PhasesRunTest {
    private static final String ALIGN = "{name: 'align', until: {%s}, visionTower: true, languageModel: true}";
    private static final String JOINT = "{name: 'joint', visionTower: true}";
    private static final String ALIGN_JOINT = "{phases: [" + ALIGN + ", " + JOINT + "]}";

    @TempDir
    private Path folder;

    private TestRun run(String freeze) {
        return new TestRun(folder).freeze(freeze);
    }

    private static TestRun succeeds(TestRun run) {
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        return run;
    }

    private static List<JsonNode> steps(TestRun run) {
        return run.metrics().stream().filter(line -> line.has("phase")).toList();
    }

    private static List<String> phases(TestRun run) {
        return steps(run).stream().map(line -> line.path("phase").asText()).toList();
    }

    private static List<String> keys(JsonNode line, String field) {
        return line.path(field).propertyStream().map(Map.Entry::getKey).toList();
    }

    @Test
    void givenThreePhasesThenMetricsSayThePhaseAndOnlyWhatIsTrainedHasGradientsAndRates() {
        TestRun run = succeeds(run("{phases: [" + ALIGN.formatted("steps: 2")
                        + ", {name: 'joint', until: {steps: 1}, visionTower: true},"
                        + " {name: 'top', languageModel: true, visionTower: true, rules: [{part: 'VisionTower', layers: {last: 2}, frozen: false}]}]}")
                .training("{steps: 5}"));

        List<JsonNode> steps = steps(run);
        assertThat(phases(run)).containsExactly("align", "align", "joint", "top", "top");
        List<List<String>> parts = List.of(
                List.of("Projector"),
                List.of("Projector"),
                List.of("Projector", "LanguageModel"),
                List.of("VisionTower", "Projector"),
                List.of("VisionTower", "Projector"));
        for (int i = 0; i < steps.size(); i++) {
            assertThat(keys(steps.get(i), "gradientNorms")).as("step %d", i + 1).isEqualTo(parts.get(i));
            assertThat(keys(steps.get(i), "learningRates")).as("step %d", i + 1).isEqualTo(parts.get(i));
            assertThat(steps.get(i).path("gradientNorms")).allMatch(norm -> norm.asDouble() > 0);
        }
        // The tower's last block lies above the layer whose features are taken: trainable, and never reached.
        assertThat(run.changed())
                .noneMatch(name -> name.matches("vision_tower.*(embeddings|layrnorm|layers\\.[013]\\.|post).*"))
                .anyMatch(name -> name.contains("vision_model.encoder.layers.2."))
                .anyMatch(name -> name.startsWith("language_model.model.layers.0."))
                .anyMatch(name -> name.startsWith("multi_modal_projector"));
        JsonNode proof = run.document().path("proof");
        assertThat(proof.path("leaked")).isEmpty();
        assertThat(proof.path("frozenTensors").asInt())
                .as("all of the tower but two blocks")
                .isEqualTo(71 - 32);
        assertThat(proof.path("unused"))
                .hasSize(16)
                .allMatch(name -> name.asText().contains("vision_model.encoder.layers.3."));
    }

    @Test
    void givenAPartTrainedFrozenAndTrainedAgainThenItKeepsWhatItLearnedAndGoesOnFromThere() {
        TestRun run = succeeds(
                run("{phases: [{name: 'one', until: {steps: 2}, visionTower: true}, {name: 'two', until: {steps: 2}, visionTower: true, languageModel: true}, {name: 'three', visionTower: true}]}")
                        .training("{steps: 5, checkpointEvery: 1, keepCheckpoints: 5, schedule: {name: 'Constant'}}"));

        Map<String, byte[]> boundary = language(run, "weights/", 2);
        assertThat(boundary).hasSize(39);
        language(run, "weights/", 1)
                .forEach((name, bytes) -> assertThat(bytes).as(name).isNotEqualTo(boundary.get(name)));
        assertSameBytes(language(run, "weights/", 3), boundary);
        assertSameBytes(language(run, "weights/", 4), boundary);
        Map<String, byte[]> last = language(run, "weights/", 5);
        last.forEach((name, bytes) -> assertThat(bytes).as(name).isNotEqualTo(boundary.get(name)));
        // Trained from there on: no element is further away than one step of Adam, which is the learning rate.
        last.forEach((name, bytes) -> assertThat(largestDifference(bytes, boundary.get(name)))
                .as(name)
                .isLessThan(1.01e-3f));

        assertThat(language(run, "optimizer/", 1)).hasSize(3 * 39);
        assertThat(language(run, "optimizer/", 2))
                .as("given up at the boundary")
                .isEmpty();
        assertThat(language(run, "optimizer/", 4)).as("fresh at the boundary").hasSize(3 * 39);
        assertThat(language(run, "optimizer/", 4).values())
                .allSatisfy(bytes -> assertThat(bytes).containsOnly(0));
        assertThat(floats(run.state(5).get("optimizer/language_model.model.norm.weight.step")))
                .containsExactly(1f);
        assertThat(floats(run.state(5).get("optimizer/multi_modal_projector.linear_1.bias.step")))
                .containsExactly(5f);
    }

    @Test
    void givenTwoPhasesThenTheCheckpointHoldsOptimizerStateOfExactlyThePresentPhase() {
        TestRun run = succeeds(run(ALIGN_JOINT.formatted("steps: 2"))
                .training("{checkpointEvery: 1, keepCheckpoints: 4, evaluateEvery: 2}"));

        List<JsonNode> planned = new ArrayList<>();
        run.document().at("/plan/phases").forEach(planned::add);
        assertThat(tensorsWithState(run, 1))
                .hasSize(planned.get(0).path("trainableTensors").asInt());
        assertThat(tensorsWithState(run, 1)).allMatch(name -> name.startsWith("multi_modal_projector."));
        assertThat(tensorsWithState(run, 2))
                .as("the boundary is part of its checkpoint")
                .hasSize(43);
        assertThat(tensorsWithState(run, 4))
                .hasSize(planned.get(1).path("trainableTensors").asInt());
        // What has not been trained yet is not in the checkpoint at all.
        assertThat(run.state(1).keySet()).allMatch(name -> name.contains("/multi_modal_projector."));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "epochs: 1 | {steps: null, epochs: 2} | 3",
                "plateau: {metric: 'held/accuracy', patience: 2} | {evaluateEvery: 1} | 2",
                "plateau: {metric: 'held/accuracy', patience: 1} | {evaluateEvery: 2} | 2",
                "plateau: {metric: 'held/loss', patience: 1, minDelta: '100'} | {evaluateEvery: 1} | 1",
                "plateau: {metric: 'held/loss', patience: 1} | {evaluateEvery: 1} | 4"
            })
    void givenAPhaseUntilThenTheNextOneBeginsThere(String until, String training, int boundary) {
        // A small learning rate: the loss falls at every evaluation, and accuracy stays 0.
        TestRun run =
                succeeds(run(ALIGN_JOINT.formatted(until)).training(training).training("{learningRate: '1e-4'}"));

        List<String> phases = phases(run);
        assertThat(phases.stream().filter("align"::equals)).hasSize(boundary);
        assertThat(phases.subList(0, boundary)).containsOnly("align");
        assertThat(run.changed().stream().anyMatch(name -> name.startsWith("language_model")))
                .isEqualTo(boundary < phases.size());
    }

    @Test
    void givenARunThatEndsEarlyAtABoundaryThenTheNextPhaseDoesNotBegin() {
        TestRun run = succeeds(run(ALIGN_JOINT.formatted("steps: 2"))
                .training("{steps: 6, evaluateEvery: 2, earlyStopping: {metric: 'held/accuracy', patience: 1}}"));

        assertThat(phases(run)).containsExactly("align", "align");
        assertThat(tensorsWithState(run, 2))
                .as("what the last phase trained")
                .hasSize(4)
                .allMatch(name -> name.startsWith("multi_modal_projector."));
    }

    @Test
    void givenTheBestModelInAnEarlierPhaseThenWhatWasTrainedLaterIsTheBaseModels() {
        TestRun run = new TestRun(folder)
                .freeze(ALIGN_JOINT.formatted("steps: 2"))
                .training(
                        "{evaluateEvery: 1, schedule: {name: 'Constant'}, partLearningRates: {languageModel: '0.5'}}");
        run.part("output").put("select", "Best").put("metric", "held/loss");

        // In the second phase, so that the resumed run knows the best model by its file alone.
        assertThat(run.start(new TestRun.StopAt(13)).exitCode()).isEqualTo(ExitCodes.STOPPED);
        assertThat(run.lastWord().step()).isEqualTo(3);
        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(run.document().path("selectedStep").asInt()).isEqualTo(2);
        assertThat(run.changed()).hasSize(4).allMatch(name -> name.startsWith("multi_modal_projector."));
        assertThat(run.document().at("/proof/unchangedAfterRounding"))
                .hasSize(39)
                .allMatch(name -> name.asText().startsWith("language_model."));
        TestRun alone = succeeds(new TestRun(folder.resolve("alone"))
                .projectorOnly()
                .training("{steps: 2, schedule: {name: 'Constant'}}"));
        assertThat(run.weights()).as("the model of step 2").isEqualTo(alone.weights());
    }

    @Test
    void givenProgressiveUnfreezingThenEachPhaseTrainsMoreOfTheTopLayers() {
        TestRun run = succeeds(
                run("{visionTower: true, languageModel: true, progressive: {part: 'LanguageModel', layersPerPhase: 2, every: {steps: 1}}}")
                        .training("{steps: 4, checkpointEvery: 1, keepCheckpoints: 4}"));

        assertThat(phases(run)).containsExactly("frozen", "last-2", "last-4", "last-4");
        assertThat(layersWithState(run, 1)).as("unfrozen at the boundary").containsExactly("2", "3");
        assertThat(layersWithState(run, 2)).containsExactly("0", "1", "2", "3");
        assertThat(floats(run.state(4).get("optimizer/language_model.model.layers.3.input_layernorm.weight.step")))
                .containsExactly(3f);
        assertThat(floats(run.state(4).get("optimizer/language_model.model.layers.0.input_layernorm.weight.step")))
                .containsExactly(2f);
        assertThat(run.changed()).doesNotContain("language_model.lm_head.weight", "language_model.model.norm.weight");
    }

    @Test
    void givenProgressivePhasesThatTheRunNeverComesToThenTheirLayersStayAsTheyWere() {
        TestRun run = succeeds(
                run("{visionTower: true, languageModel: true, progressive: {part: 'LanguageModel', layersPerPhase: 1, every: {steps: 1}}}")
                        .training("{steps: 2}"));

        assertThat(phases(run)).containsExactly("frozen", "last-1");
        assertThat(run.changed())
                .anyMatch(name -> name.contains("model.layers.3."))
                .noneMatch(name -> name.matches(".*model\\.layers\\.[012]\\..*"));
        assertThat(run.document().at("/proof/unused")).hasSize(27);
    }

    @Test
    void givenARunWithPhasesThenReportsTellThePresentOneWithItsParts() throws IOException {
        try (ProgressServer server = new ProgressServer()) {
            TestRun run = run(ALIGN_JOINT.formatted("steps: 2"));
            run.json().put("progressUrl", server.url().toString());

            // Looks: three in the first evaluation, then one before each step.
            assertThat(run.start(new TestRun.StopAt(5)).exitCode()).isEqualTo(ExitCodes.STOPPED);
            PlanStatus first = lastPlan(server);
            assertThat(first.phase()).isEqualTo("align");
            assertThat(first.parts().getLast().trainable()).isZero();
            assertThat(first.trainableParameters()).isEqualTo(6272);

            assertThat(run.start(new TestRun.StopAt(2)).exitCode()).isEqualTo(ExitCodes.STOPPED);
            assertThat(run.lastWord().step()).as("at the boundary").isEqualTo(2);
            PlanStatus second = lastPlan(server);
            assertThat(second.phase()).isEqualTo("joint");
            assertThat(second.digest()).isEqualTo(first.digest());
            assertThat(second.parts().getLast().trainable())
                    .isEqualTo(second.parts().getLast().total());

            succeeds(run);
            assertThat(lastPlan(server)).as("told again by a resumed run").isEqualTo(second);
        }
    }

    /** The end waits for the last report; those before it may be late and then tell what is so by then. */
    private static PlanStatus lastPlan(ProgressServer server) throws IOException {
        JsonNode report = server.requests().getLast().body().path("report");
        return Objects.requireNonNull(
                Json.strict().treeToValue(report, ProgressReport.class).plan());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{phases: [{name: 'a', until: {steps: 4}, visionTower: true}, {name: 'b', visionTower: true}]} | {steps: 4} | spec.freeze.phases: phase b would begin after step 4, but the run has 4 steps; shorten the phases before it or train longer",
                "{phases: [{name: 'a', until: {epochs: 1}}, {name: 'b', until: {steps: 1}}, {name: 'c'}]} | {steps: 4} | spec.freeze.phases: phase c would begin after step 4, but the run has 4 steps; shorten the phases before it or train longer",
                "{phases: [{name: 'a', until: {plateau: {metric: 'other/loss', patience: 1}}}, {name: 'b'}]} | {evaluateEvery: 1} | spec.freeze.phases[0].until.plateau.metric: other/loss is not evaluated; there are held/loss, held/accuracy",
                "{phases: [{name: 'a', until: {plateau: {metric: 'held/loss', patience: 1}}}, {name: 'b'}]} | {} | spec.freeze.phases[0].until.plateau looks at evaluations: give spec.training.evaluateEvery as well",
                "{visionTower: true, progressive: {part: 'VisionTower', layersPerPhase: 1, every: {plateau: {metric: 'x/loss', patience: 1}}}} | {evaluateEvery: 1} | spec.freeze.progressive.every.plateau.metric: x/loss is not evaluated; there are held/loss, held/accuracy",
                "{} | {evaluateEvery: 1, onPlateau: {metric: 'held/f1', patience: 1}} | spec.training.onPlateau.metric: held/f1 is not evaluated; there are held/loss, held/accuracy",
                "{} | {onPlateau: {metric: 'held/loss', patience: 1}} | spec.training.onPlateau looks at evaluations: give spec.training.evaluateEvery as well",
                "{phases: [{name: 'a', until: {steps: 1}}, {name: 'b', visionTower: true, projector: true, languageModel: true}]} | {} | spec.freeze.phases[1]: the plan trains nothing, all 114 tensors are frozen; leave a part unfrozen or add a rule with frozen: false"
            })
    void givenPhasesOrPlateausThatCannotBeThenTheFieldIsNamed(String freeze, String training, String message) {
        TestRun.Ended ended = run(freeze).training(training).start();

        assertThat(ended.exitCode()).isEqualTo(10);
        assertThat(ended.lastWord().outcome()).isEqualTo(LastWord.Outcome.Failed);
        assertThat(ended.lastWord().reason()).isEqualTo(Reason.InvalidSpec);
        assertThat(ended.lastWord().message()).isEqualTo(message);
    }

    private static SortedMap<String, byte[]> language(TestRun run, String kind, int step) {
        SortedMap<String, byte[]> found = new TreeMap<>(run.state(step));
        found.keySet().removeIf(name -> !name.startsWith(kind + "language_model."));
        return found;
    }

    private static void assertSameBytes(Map<String, byte[]> actual, Map<String, byte[]> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        actual.forEach((name, bytes) -> assertThat(bytes).as(name).isEqualTo(expected.get(name)));
    }

    private static Set<String> tensorsWithState(TestRun run, int step) {
        Set<String> names = new TreeSet<>();
        run.state(step).keySet().stream()
                .filter(name -> name.startsWith("optimizer/"))
                .forEach(name -> names.add(name.substring("optimizer/".length(), name.lastIndexOf('.'))));
        return names;
    }

    private static Set<String> layersWithState(TestRun run, int step) {
        Set<String> layers = new TreeSet<>();
        tensorsWithState(run, step).stream()
                .filter(name -> name.contains("language_model.model.layers."))
                .forEach(name -> layers.add(name.replaceAll(".*layers\\.(\\d+)\\..*", "$1")));
        return layers;
    }

    private static float largestDifference(byte[] one, byte[] other) {
        float[] first = floats(one);
        float[] second = floats(other);
        float largest = 0;
        for (int i = 0; i < first.length; i++) {
            largest = Math.max(largest, Math.abs(first[i] - second[i]));
        }
        return largest;
    }

    private static float[] floats(byte[] bytes) {
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }
}
