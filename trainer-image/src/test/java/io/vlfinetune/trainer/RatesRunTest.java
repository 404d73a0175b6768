package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Learning rates by part, rule and layer, as the optimizer uses them and metrics.jsonl tells. */
class RatesRunTest {
    private static final String CONSTANT = "{schedule: {name: 'Constant'}, maxGradientNorm: '1e9'}";

    @TempDir
    private Path folder;

    private static TestRun succeeds(TestRun run) {
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        return run;
    }

    private static List<Double> rates(TestRun run, String part) {
        return run.metrics().stream()
                .filter(line -> line.has("learningRates"))
                .map(line -> line.path("learningRates").path(part).asDouble())
                .toList();
    }

    @Test
    void givenRatesByPartLayerAndRuleThenMetricsTellTheHighestOfEachPartAndEveryTensorMovesByItsOwn() {
        TestRun run = succeeds(
                new TestRun(folder)
                        .freeze(
                                "{visionTower: true, rules: [{tensors: 'language_model.model.layers.2.mlp.*', frozen: false, learningRate: '4e-3'}]}")
                        .training(CONSTANT)
                        .training(
                                "{steps: 1, evaluateEvery: 1, checkpointEvery: 1, learningRate: '1e-3', partLearningRates: {projector: '1e-2'}, layerDecay: {languageModel: '0.5'}}"));

        assertThat(rates(run, "Projector")).containsExactly(1e-2);
        assertThat(rates(run, "LanguageModel")).as("that of the rule").containsExactly(4e-3);
        // The first step of Adam moves an element by its rate, or hardly at all where its gradient is next to nothing.
        assertMoved(run, "multi_modal_projector.linear_1.weight", 1e-2);
        assertMoved(run, "language_model.lm_head.weight", 1e-3);
        assertMoved(run, "language_model.model.layers.3.mlp.up_proj.weight", 1e-3);
        assertMoved(run, "language_model.model.layers.2.mlp.up_proj.weight", 4e-3);
        assertMoved(run, "language_model.model.layers.2.self_attn.v_proj.weight", 1e-3 / 2);
        assertMoved(run, "language_model.model.layers.0.self_attn.v_proj.weight", 1e-3 / 8);
        assertMoved(run, "language_model.model.embed_tokens.weight", 1e-3 / 16);
        assertThat(learningRate(run, "language_model.model.embed_tokens.weight"))
                .isEqualTo("6.25e-5");
        assertThat(learningRate(run, "language_model.model.layers.2.mlp.up_proj.weight"))
                .isEqualTo("4e-3");
    }

    private static String learningRate(TestRun run, String tensor) {
        for (JsonNode one : run.document().at("/plan/tensors")) {
            if (one.path("name").asText().equals(tensor)) {
                return one.path("learningRate").asText();
            }
        }
        throw new AssertionError(tensor);
    }

    /** Masters are Float32, the base model's values Float16. */
    private static void assertMoved(TestRun run, String tensor, double rate) {
        ByteBuffer after =
                ByteBuffer.wrap(run.state(1).get("weights/" + tensor)).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer before = ByteBuffer.wrap(run.base(tensor)).order(ByteOrder.LITTLE_ENDIAN);
        double largest = 0;
        while (after.hasRemaining()) {
            double difference = after.getFloat() - Float.float16ToFloat(before.getShort());
            largest = Math.max(largest, Math.abs(difference));
        }
        assertThat(largest).as(tensor).isCloseTo(rate, within(rate * 2e-2));
    }

    @Test
    void givenOnPlateauThenExactlyTheListedPartsRatesFallAndOtherRatesStay() {
        // Nothing is learnt in so few steps: accuracy stays 0, and every evaluation after the first is a plateau.
        TestRun run = succeeds(
                new TestRun(folder)
                        .projectorAndLanguageModel()
                        .training(CONSTANT)
                        .training(
                                "{steps: 4, evaluateEvery: 1, onPlateau: {metric: 'held/accuracy', patience: 1, factor: '0.5', parts: ['LanguageModel']}}"));

        assertThat(rates(run, "LanguageModel")).containsExactly(1e-3, 5e-4, 2.5e-4, 1.25e-4);
        assertThat(rates(run, "Projector")).containsExactly(1e-3, 1e-3, 1e-3, 1e-3);
    }

    @Test
    void givenOnPlateauAndPhasesThenEvaluationsCountFromThePhaseAndFactorsOutliveIt() {
        TestRun run = succeeds(
                new TestRun(folder)
                        .freeze(
                                "{phases: [{name: 'one', until: {steps: 3}, visionTower: true}, {name: 'two', visionTower: true}]}")
                        .training(CONSTANT)
                        .training(
                                "{steps: 7, evaluateEvery: 1, onPlateau: {metric: 'held/accuracy', patience: 2, factor: '0.5'}}"));

        // Evaluations after steps 1 and 2 bring the first fall. The third counts for nothing, since the second phase
        // begins there; its first evaluation is the one to compare with, two more bring the next fall.
        assertThat(rates(run, "Projector")).containsExactly(1e-3, 1e-3, 5e-4, 5e-4, 5e-4, 5e-4, 2.5e-4);
    }

    @Test
    void givenACosineScheduleThenBothFactorsApply() {
        TestRun run = succeeds(
                new TestRun(folder)
                        .projectorOnly()
                        .training(
                                "{steps: 2, evaluateEvery: 1, onPlateau: {metric: 'held/accuracy', patience: 1, factor: '0.1'}}"));

        assertThat(rates(run, "Projector").getFirst()).isEqualTo(1e-3);
        assertThat(rates(run, "Projector").getLast()).isCloseTo(0.5 * 0.1 * 1e-3, within(1e-12));
    }

    @Test
    void givenAMaximumNormOfZeroThenNothingIsClipped() {
        String often = "{checkpointEvery: 1, maxGradientNorm: '%s'}";
        TestRun none =
                succeeds(new TestRun(folder.resolve("none")).projectorOnly().training(often.formatted("0")));
        TestRun huge =
                succeeds(new TestRun(folder.resolve("huge")).projectorOnly().training(often.formatted("1e9")));
        TestRun small =
                succeeds(new TestRun(folder.resolve("small")).projectorOnly().training(often.formatted("1e-3")));

        assertThat(none.weights()).isEqualTo(huge.weights()).isNotEqualTo(small.weights());
    }
}
