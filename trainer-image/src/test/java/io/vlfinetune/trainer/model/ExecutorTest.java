package io.vlfinetune.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.testing.LlavaFixture;
import io.vlfinetune.trainer.testing.LoadedModel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExecutorTest {
    private final LlavaFixture fixture = new LlavaFixture();
    private Ops ops;

    @BeforeAll
    void startEngine() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    }

    @AfterAll
    void stopEngine() {
        ops.close();
    }

    private record Step(double loss, Map<String, float[]> gradients) {}

    private Step step(LoadedModel model, Executor.Mode mode, List<EncodedSample> samples) {
        try (Batch batch = batch(samples);
                Gradients gradients = new Gradients(ops)) {
            double loss = model.executor(mode).step(batch, batch.targetCount(), gradients);
            return new Step(loss, values(gradients));
        }
    }

    private static Map<String, float[]> values(Gradients gradients) {
        Map<String, float[]> values = new LinkedHashMap<>();
        gradients.byTensor().forEach((name, gradient) -> values.put(name, gradient.toFloatArray()));
        return values;
    }

    private Batch batch(List<EncodedSample> samples) {
        return Batch.of(ops, samples, LlavaFixture.PAD_TOKEN, LlavaFixture.IMAGE_TOKEN);
    }

    private LoadedModel open(String freezeCase) {
        return LoadedModel.open(ops, LlavaFixture.folder(), fixture.trainable(freezeCase));
    }

    static Stream<Arguments> casesAndPrecisions() {
        return LlavaFixture.CASES.stream()
                .flatMap(name -> Stream.of(DType.F32, DType.BF16).map(type -> Arguments.of(name, type)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("casesAndPrecisions")
    void givenAFreezeCaseThenAllModesGiveTheSameBits(String freezeCase, DType precision) {
        try (LoadedModel model =
                LoadedModel.open(ops, LlavaFixture.folder(), fixture.trainable(freezeCase), precision)) {
            Step graph = step(model, Executor.Mode.GRAPH, fixture.pair());
            assertThat(graph.gradients()).isNotEmpty();
            for (Executor.Mode mode : List.of(Executor.Mode.SEGMENTS, Executor.Mode.RECOMPUTE)) {
                assertSameBits(step(model, mode, fixture.pair()), graph);
            }
        }
    }

    private static void assertSameBits(Step made, Step wanted) {
        assertThat(made.loss()).isEqualTo(wanted.loss());
        assertThat(made.gradients().keySet()).isEqualTo(wanted.gradients().keySet());
        wanted.gradients()
                .forEach((name, gradient) ->
                        assertThat(made.gradients().get(name)).as(name).isEqualTo(gradient));
    }

    @ParameterizedTest
    @EnumSource(Executor.Mode.class)
    void givenTwoMicroBatchesWhenAccumulatedThenTheyEqualTheLargeBatch(Executor.Mode mode) {
        List<EncodedSample> pair = fixture.pair();
        try (LoadedModel model = open("full");
                Batch first = batch(pair.subList(0, 1));
                Batch second = batch(pair.subList(1, 2));
                Gradients gradients = new Gradients(ops)) {
            Executor executor = model.executor(mode);
            int targets = first.targetCount() + second.targetCount();
            double loss = executor.step(first, targets, gradients) + executor.step(second, targets, gradients);
            Step large = step(model, mode, pair);
            assertThat(loss).isCloseTo(large.loss(), within(1e-5));
            assertClose(values(gradients), large.gradients());
        }
    }

    private static void assertClose(Map<String, float[]> made, Map<String, float[]> wanted) {
        assertThat(made.keySet()).isEqualTo(wanted.keySet());
        wanted.forEach(
                (name, gradient) -> assertThat(made.get(name)).as(name).containsExactly(gradient, within(1e-5f)));
    }

    @Test
    void givenSamplesOfUnequalLengthWhenPaddedThenEachIsScoredAsIfAlone() {
        List<EncodedSample> mixed = List.of(fixture.sample(), fixture.textSample());
        try (LoadedModel model = open("full");
                Batch together = batch(mixed);
                Batch image = batch(mixed.subList(0, 1));
                Batch text = batch(mixed.subList(1, 2))) {
            Executor executor = model.executor(Executor.Mode.SEGMENTS);
            List<SampleScore> scores = executor.evaluate(together);
            assertThat(together.length()).isEqualTo(33);
            assertScore(scores.get(0), executor.evaluate(image).getFirst());
            assertScore(scores.get(1), executor.evaluate(text).getFirst());
        }
    }

    private static void assertScore(SampleScore made, SampleScore alone) {
        assertThat(made.id()).isEqualTo(alone.id());
        assertThat(made.crossEntropy()).isCloseTo(alone.crossEntropy(), within(1e-4));
        assertThat(made.targets()).isEqualTo(alone.targets());
        assertThat(made.correct()).isEqualTo(alone.correct());
    }

    @ParameterizedTest
    @EnumSource(Executor.Mode.class)
    void givenTextAloneAndATrainableTowerThenOnlyTheLanguageModelHasGradients(Executor.Mode mode) {
        try (LoadedModel model = open("full")) {
            Step made = step(model, mode, List.of(fixture.textSample()));
            assertThat(made.loss()).isPositive();
            assertThat(made.gradients().keySet())
                    .allMatch(name -> name.startsWith("language_model."))
                    .hasSize(39);
        }
    }

    @Test
    void givenTextAloneAndAFrozenLanguageModelThenThereIsALossAndNoGradient() {
        try (LoadedModel model = open("llm_frozen")) {
            Step made = step(model, Executor.Mode.SEGMENTS, List.of(fixture.textSample()));
            assertThat(made.loss()).isPositive();
            assertThat(made.gradients()).isEmpty();
        }
    }

    @Test
    void givenABatchThenScoresAddUpToTheLossAndCountTheHighestLogits() {
        try (LoadedModel model = open("projector_only");
                Batch batch = batch(fixture.pair());
                Gradients gradients = new Gradients(ops)) {
            Executor executor = model.executor(Executor.Mode.SEGMENTS);
            List<SampleScore> scores = executor.evaluate(batch);
            double sum = scores.stream().mapToDouble(SampleScore::crossEntropy).sum();
            assertThat(sum / batch.targetCount())
                    .isCloseTo(executor.step(batch, batch.targetCount(), gradients), within(1e-5));
            assertThat(scores.getFirst().correct()).isEqualTo(correctByLogits(executor, batch));
            assertThat(scores).extracting(SampleScore::exact).containsExactly(false, false);
        }
    }

    private int correctByLogits(Executor executor, Batch batch) {
        try (NDArray logits = executor.logits(batch)) {
            float[] values = logits.toFloatArray();
            EncodedSample sample = fixture.pair().getFirst();
            int correct = 0;
            for (int at = 0; at + 1 < sample.labels().length; at++) {
                float[] row = Arrays.copyOfRange(values, at * 640, (at + 1) * 640);
                int best = 0;
                for (int token = 0; token < row.length; token++) {
                    best = row[token] > row[best] ? token : best;
                }
                correct += best == sample.labels()[at + 1] ? 1 : 0;
            }
            return correct;
        }
    }

    @ParameterizedTest
    @EnumSource(Executor.Mode.class)
    void givenStepsAndEvaluationsThenNoArrayIsLeftAlive(Executor.Mode mode) {
        int before = ops.liveArrays();
        try (LoadedModel model = open("prefix_frozen")) {
            step(model, mode, fixture.pair());
            int afterOne = ops.liveArrays();
            step(model, mode, fixture.pair());
            step(model, mode, List.of(fixture.textSample()));
            try (Batch batch = batch(fixture.pair())) {
                model.executor(mode).evaluate(batch);
            }
            assertThat(ops.liveArrays()).isEqualTo(afterOne);
        }
        assertThat(ops.liveArrays()).isEqualTo(before);
    }

    @Test
    void givenATiedHeadThenItCountsAsTheEmbeddingInEveryMode(@TempDir Path tied, @TempDir Path untied) {
        LlavaFixture.withConfig(tied, "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true");
        LlavaFixture.withTensors(tied, tensors -> tensors.remove("language_model.lm_head.weight"));
        LlavaFixture.copyTo(untied);
        LlavaFixture.withTensors(
                untied,
                tensors -> tensors.put(
                        "language_model.lm_head.weight", tensors.get("language_model.model.embed_tokens.weight")));
        String table = "language_model.model.embed_tokens.weight";
        try (LoadedModel one = LoadedModel.open(ops, tied, Set.of(table));
                LoadedModel two = LoadedModel.open(ops, untied, Set.of(table, "language_model.lm_head.weight"))) {
            assertThat(one.blueprint().tiedHead()).isTrue();
            Step graph = step(one, Executor.Mode.GRAPH, fixture.pair());
            assertSameBits(step(one, Executor.Mode.RECOMPUTE, fixture.pair()), graph);
            Step apart = step(two, Executor.Mode.GRAPH, fixture.pair());
            float[] sum = apart.gradients().get(table).clone();
            float[] head = apart.gradients().get("language_model.lm_head.weight");
            for (int i = 0; i < sum.length; i++) {
                sum[i] += head[i];
            }
            assertThat(graph.loss()).isEqualTo(apart.loss());
            assertThat(graph.gradients().get(table)).containsExactly(sum, within(1e-6f));
        }
    }

    @Test
    void givenFeaturesOfTheClassTokenTooWhenTokensAreFewerThenTheBatchIsRefusedByName(@TempDir Path folder) {
        LlavaFixture.withConfig(
                folder,
                "\"vision_feature_select_strategy\": \"default\"",
                "\"vision_feature_select_strategy\": \"full\"");
        try (LoadedModel model = LoadedModel.open(ops, folder, Set.of());
                Batch batch = batch(List.of(fixture.sample()))) {
            Executor executor = model.executor(Executor.Mode.GRAPH);
            assertThatThrownBy(() -> executor.evaluate(batch))
                    .isInstanceOfSatisfying(
                            TrainerException.class,
                            problem -> assertThat(problem.reason()).isEqualTo(Reason.DataInvalid))
                    .hasMessageContaining("sample")
                    .hasMessageContaining("16 image tokens")
                    .hasMessageContaining("17 features");
        }
    }

    @Test
    void givenAnImageWithoutItsTokenThenTheSampleIsRefusedByName() {
        EncodedSample good = fixture.sample();
        int[] text = Arrays.stream(good.inputIds())
                .map(id -> id == LlavaFixture.IMAGE_TOKEN ? 5 : id)
                .toArray();
        EncodedSample bad = new EncodedSample("data.jsonl:7", text, good.labels(), good.images());
        assertThatThrownBy(() -> batch(List.of(bad)))
                .isInstanceOf(TrainerException.class)
                .hasMessageContaining("data.jsonl:7: 1 images, but no image token");
    }
}
