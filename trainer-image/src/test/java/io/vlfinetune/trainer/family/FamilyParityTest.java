package io.vlfinetune.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.model.GreedyDecoder;
import io.vlfinetune.trainer.optimize.AdamW;
import io.vlfinetune.trainer.optimize.AdamWSettings;
import io.vlfinetune.trainer.optimize.Rate;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.LoadedModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every family against what transformers 5.23 computes from the same folder: fixtures/tools/README.md. */
@ParameterizedClass(name = "{0}")
@FieldSource("FAMILIES")
class FamilyParityTest {
    private static final float PIXELS = 1e-6f;
    private static final float FEATURES = 1e-5f;
    private static final float LOGITS = 2e-5f;

    /**
     * Qwen2-VL's logits reach 10.9, and transformers' Float32 ones are themselves 1.8e-5 from its Float64 ones. Ours are
     * 2.4e-5 from its Float32 ones, of which 2.2e-5 is the patch embedding: a linear layer here, a convolution there,
     * which adds its 1176 products in another order. With that exchange transformers is 1.6e-5 from its Float64 logits.
     */
    private static final Map<String, Float> LOGITS_OF = Map.of("qwen2_vl", 3e-5f);

    private static final double LOSS = 2e-6;
    private static final double NORMS = 1e-5;
    private static final double STEPS = 1e-5;

    /** The golden run lets every tensor decay. */
    private static final Rate RATE = new Rate(1e-3, 0.01);

    private static final AdamWSettings SETTINGS = new AdamWSettings(0.9, 0.999, 1e-8, Double.POSITIVE_INFINITY);

    static final List<String> FAMILIES = FamilyFixture.ALL;

    private static Ops ops;

    private final FamilyFixture fixture;
    private final float logitTolerance;

    FamilyParityTest(String family) {
        logitTolerance = LOGITS_OF.getOrDefault(family, LOGITS);
        fixture = new FamilyFixture(family);
    }

    @BeforeAll
    static void start() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    }

    @AfterAll
    static void stop() {
        ops.close();
    }

    @Test
    void givenTheGoldenConversationThenTextIdsLabelsAndPixelsAreThoseOfTransformers() {
        JsonNode golden = fixture.golden();
        try (ChatProcessor processor = fixture.processor()) {
            EncodedSample sample = processor.encode(fixture.conversation());
            assertThat(processor.template().render(fixture.conversation()).text())
                    .isEqualTo(golden.path("conversation").asText());
            assertThat(sample.inputIds()).isEqualTo(FamilyFixture.numbers(golden.path("input_ids")));
            assertThat(sample.labels()).isEqualTo(FamilyFixture.numbers(golden.path("labels")));
            assertClose("pixels", pixels(sample), fixture.tensor("pixel_values"), PIXELS);
            assertGrid(sample.images().getFirst());

            EncodedSample prompt = processor.prompt(fixture.conversation());
            assertThat(processor
                            .template()
                            .render(fixture.conversation())
                            .prompt()
                            .text())
                    .isEqualTo(golden.path("prompt").asText());
            assertThat(prompt.inputIds()).isEqualTo(FamilyFixture.numbers(golden.path("prompt_ids")));
        }
    }

    private void assertGrid(Pixels image) {
        JsonNode grid = fixture.golden().at("/extra_inputs/image_grid_thw/0");
        if (!grid.isMissingNode()) {
            assertThat(new int[] {1, image.height(), image.width()}).isEqualTo(FamilyFixture.numbers(grid));
        }
        JsonNode size = fixture.golden().at("/extra_inputs/image_sizes/0");
        if (!size.isMissingNode()) {
            assertThat(new int[] {image.height(), image.width()}).isEqualTo(FamilyFixture.numbers(size));
        }
    }

    private static float[] pixels(EncodedSample sample) {
        int size = sample.images().stream()
                .mapToInt(image -> image.values().length)
                .sum();
        float[] all = new float[size];
        int at = 0;
        for (Pixels image : sample.images()) {
            System.arraycopy(image.values(), 0, all, at, image.values().length);
            at += image.values().length;
        }
        return all;
    }

    @Test
    void givenTheGoldenPairThenIdsAndLabelsAreThoseOfTransformers() {
        JsonNode batch = fixture.golden().path("batch");
        List<EncodedSample> samples = fixture.samples("batch");
        for (int i = 0; i < samples.size(); i++) {
            EncodedSample sample = samples.get(i);
            // Shorter rows are filled up there.
            assertThat(FamilyFixture.numbers(batch.path("input_ids").path(i))).startsWith(sample.inputIds());
            assertThat(FamilyFixture.numbers(batch.path("labels").path(i))).startsWith(sample.labels());
        }
    }

    @Test
    void givenTheGoldenSampleThenFeaturesAndLogitsAreThoseOfTransformers() {
        try (LoadedModel model = LoadedModel.open(ops, fixture.folder(), Set.of())) {
            assertFeaturesAndLogits(model);
        }
    }

    @Test
    void givenTheConfigurationAsTransformersSavesItThenTheModelIsTheSame(@TempDir Path folder) throws Exception {
        try (Stream<Path> files = Files.list(fixture.folder())) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Files.copy(
                fixture.folder().resolve("saved_config.json"),
                folder.resolve("config.json"),
                StandardCopyOption.REPLACE_EXISTING);
        try (LoadedModel model = LoadedModel.open(ops, folder, Set.of())) {
            assertFeaturesAndLogits(model);
        }
    }

    private void assertFeaturesAndLogits(LoadedModel model) {
        Executor executor = model.executor(Executor.Mode.GRAPH);
        try (Batch batch = model.batch(ops, fixture.samples("full"));
                NDArray features = executor.imageFeatures(batch);
                NDArray logits = executor.logits(batch)) {
            assertClose("image features", features.toFloatArray(), fixture.tensor("image_features"), FEATURES);
            assertClose("logits", logits.toFloatArray(), fixture.tensor("logits"), logitTolerance);
        }
    }

    @Test
    void givenTheGoldenPromptWhenAnsweredThenGreedyTokensAreThoseOfTransformers() {
        int[] expected = FamilyFixture.numbers(fixture.golden().path("greedy"));
        try (LoadedModel model = LoadedModel.open(ops, fixture.folder(), Set.of());
                ChatProcessor processor = fixture.processor()) {
            GreedyDecoder decoder = new GreedyDecoder(
                    ops, model.executor(Executor.Mode.GRAPH), model.blueprint().imageToken(), Set.of());
            assertThat(decoder.answer(processor.prompt(fixture.conversation()), expected.length))
                    .isEqualTo(expected);
            // Constants of the model are made by now.
            int live = ops.liveArrays();
            decoder.answer(processor.prompt(fixture.conversation()), 2);
            assertThat(ops.liveArrays()).isEqualTo(live);
        }
    }

    private static void assertClose(String what, float[] actual, float[] expected, float tolerance) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        float most = 0;
        for (int i = 0; i < expected.length; i++) {
            most = Math.max(most, Math.abs(actual[i] - expected[i]));
        }
        assertThat(most).as("largest difference of %s", what).isLessThanOrEqualTo(tolerance);
    }

    static Stream<Arguments> cases() {
        return FamilyFixture.CASES.stream()
                .flatMap(name -> Stream.of(Executor.Mode.values()).map(mode -> Arguments.of(name, mode)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("cases")
    void givenAGoldenCaseWhenTrainedThenLossesAndGradientNormsAreThoseOfTransformers(String name, Executor.Mode mode) {
        JsonNode expected = fixture.expected(name);
        Set<String> trainable = fixture.trainable(name);
        try (LoadedModel model = LoadedModel.open(ops, fixture.folder(), trainable);
                Batch batch = model.batch(ops, fixture.samples(name))) {
            Executor executor = model.executor(mode);
            try (AdamW optimizer = new AdamW(model.weights(), executor.trainedTensors(), SETTINGS)) {
                for (int step = 0; step < 4; step++) {
                    try (Gradients gradients = new Gradients(ops)) {
                        double loss = executor.step(batch, batch.targetCount(), gradients);
                        double wanted = expected.path("losses").path(step).asDouble();
                        assertThat(loss).isCloseTo(wanted, within(wanted * (step == 0 ? LOSS : STEPS)));
                        if (step == 0) {
                            assertNorms(gradients, expected);
                            assertUnused(gradients, trainable, expected);
                        }
                        if (step < 3) {
                            optimizer.step(gradients.byTensor(), tensor -> RATE);
                        }
                    }
                }
            }
        }
    }

    private void assertNorms(Gradients gradients, JsonNode expected) {
        Map<String, String> roles = fixture.roles();
        Map<String, Double> squares = new TreeMap<>();
        gradients.byTensor().forEach((tensor, gradient) -> {
            double square = 0;
            for (float value : gradient.toFloatArray()) {
                square += (double) value * value;
            }
            squares.merge(roles.get(tensor), square, Double::sum);
        });
        assertThat(squares).hasSize(expected.path("grad_norm_by_role").size());
        squares.forEach((role, square) -> {
            double wanted = expected.path("grad_norm_by_role").path(role).asDouble();
            assertThat(Math.sqrt(square)).as(role).isCloseTo(wanted, within(wanted * NORMS));
        });
        double whole = expected.path("grad_norm").asDouble();
        NDArray[] all = gradients.byTensor().values().toArray(NDArray[]::new);
        assertThat(ops.norm(all)).isCloseTo(whole, within(whole * NORMS));
    }

    private static void assertUnused(Gradients gradients, Set<String> trainable, JsonNode expected) {
        Set<String> without = new HashSet<>(trainable);
        without.removeAll(gradients.byTensor().keySet());
        Set<String> wanted = new HashSet<>();
        expected.path("without_gradient").forEach(name -> wanted.add(name.asText()));
        assertThat(without).isEqualTo(wanted);
    }

    /** Samples with and without images in one batch. */
    @ParameterizedTest
    @ValueSource(strings = {"GRAPH", "SEGMENTS"})
    void givenMixedSamplesInOneBatchThenLossAndGradientsAreThoseOfTheSamplesAlone(Executor.Mode mode) {
        List<EncodedSample> samples = new ArrayList<>(fixture.samples("batch"));
        samples.addAll(1, fixture.textSamples());
        try (LoadedModel model = LoadedModel.open(ops, fixture.folder(), fixture.trainable("full"));
                Gradients together = new Gradients(ops);
                Gradients alone = new Gradients(ops)) {
            Executor executor = model.executor(mode);
            long targets = 0;
            double loss;
            try (Batch batch = model.batch(ops, samples)) {
                targets = batch.targetCount();
                loss = executor.step(batch, targets, together);
            }
            double sum = 0;
            for (EncodedSample sample : samples) {
                try (Batch batch = model.batch(ops, List.of(sample))) {
                    sum += executor.step(batch, targets, alone);
                }
            }
            assertThat(loss).isCloseTo(sum, within(sum * STEPS));
            assertThat(together.byTensor().keySet()).isEqualTo(alone.byTensor().keySet());
            NDArray[] one = together.byTensor().values().toArray(NDArray[]::new);
            double norm = ops.norm(alone.byTensor().values().toArray(NDArray[]::new));
            assertThat(ops.norm(one)).isCloseTo(norm, within(norm * NORMS));
        }
    }
}
