package io.vlfinetune.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.FixtureCopy;
import io.vlfinetune.trainer.testing.LoadedModel;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.TensorContent;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Roles, key layouts, configurations and precisions of Qwen2-VL, Qwen2.5-VL and Qwen3-VL. */
class QwenFamilyTest {
    private static final JsonMapper JSON = new JsonMapper();

    private static Ops ops;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    }

    @AfterAll
    static void stop() {
        ops.close();
    }

    private static Blueprint blueprint(Path folder) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return Families.of(checkpoint.config()).blueprint(checkpoint);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2_vl", "qwen2_5_vl", "qwen3_vl"})
    void givenTheFixtureThenEveryTensorHasItsRole(String family) {
        FamilyFixture fixture = new FamilyFixture(family);
        Map<String, TensorRole> roles = blueprint(fixture.folder()).roles();
        assertThat(roles.keySet()).isEqualTo(fixture.roles().keySet());
        roles.forEach((name, role) -> assertThat(role)
                .as(name)
                .isEqualTo(expected(name, fixture.roles().get(name))));
        assertThat(blueprint(fixture.folder()).unusedTensors()).isEmpty();
    }

    private static TensorRole expected(String name, String golden) {
        return switch (golden) {
            case "vision.embed" ->
                TensorRole.of(name.contains("pos_embed") ? Role.VisionPosition : Role.PatchEmbedding);
            case "vision.blocks" -> TensorRole.of(Role.VisionBlock, number(name));
            case "projector" -> TensorRole.of(Role.Projector);
            case "llm.embed" -> TensorRole.of(Role.TokenEmbedding);
            case "llm.blocks" -> TensorRole.of(Role.LanguageBlock, number(name));
            case "llm.norm" -> TensorRole.of(Role.LanguageNorm);
            case "llm.head" -> TensorRole.of(Role.OutputHead);
            default -> throw new IllegalArgumentException(golden);
        };
    }

    private static int number(String name) {
        return Integer.parseInt(name.replaceAll(".*(?:blocks|layers)\\.(\\d+)\\..*", "$1"));
    }

    @Test
    void givenDeepstackMergersThenTheyBelongToTheProjectorAndNotToTheTowerAroundThem() {
        Map<String, TensorRole> roles =
                blueprint(new FamilyFixture("qwen3_vl").folder()).roles();
        assertThat(roles.entrySet().stream().filter(entry -> entry.getKey().contains("merger")))
                .hasSize(24)
                .allMatch(entry -> entry.getValue().part() == Part.Projector);
    }

    @Test
    void givenTiedHeadsThenThePlanKnowsAndTheOtherHasARoleOfItsOwn() {
        assertThat(blueprint(new FamilyFixture("qwen2_vl").folder()).tiedHead()).isTrue();
        assertThat(blueprint(new FamilyFixture("qwen3_vl").folder()).tiedHead()).isTrue();
        Blueprint untied = blueprint(new FamilyFixture("qwen2_5_vl").folder());
        assertThat(untied.tiedHead()).isFalse();
        assertThat(untied.roles()).containsEntry("lm_head.weight", TensorRole.of(Role.OutputHead));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2_vl", "qwen2_5_vl", "qwen3_vl"})
    void givenTheSameWeightsInTheOtherLayoutThenLogitsAreTheSame(String family) {
        float[] wanted = logits(family, new FamilyFixture(family).folder());
        Path renamed = FixtureCopy.of(family, folder)
                .withTensors(tensors -> {
                    Map<String, TensorContent> old = new TreeMap<>(tensors);
                    tensors.clear();
                    old.forEach((name, content) -> tensors.put(otherLayout(name), content));
                })
                .folder();
        assertThat(blueprint(renamed).roles().keySet())
                .doesNotContainAnyElementsOf(blueprint(new FamilyFixture(family).folder()).roles().keySet().stream()
                        .filter(name -> !name.equals("lm_head.weight"))
                        .toList());
        assertThat(logits(family, renamed)).isEqualTo(wanted);
    }

    /** From the published layout to that of transformers 5, or back. */
    private static String otherLayout(String name) {
        if (name.equals("lm_head.weight")) {
            return name;
        }
        if (name.startsWith("visual.")) {
            return "model." + name;
        }
        if (name.startsWith("model.visual.")) {
            return name.substring("model.".length());
        }
        return name.startsWith("model.language_model.")
                ? name.replace("model.language_model.", "model.")
                : name.replace("model.", "model.language_model.");
    }

    private static float[] logits(String family, Path folder) {
        try (LoadedModel model = LoadedModel.open(ops, folder, Set.of());
                Batch batch = model.batch(ops, new FamilyFixture(family).samples("full"));
                NDArray logits = model.executor(Executor.Mode.GRAPH).logits(batch)) {
            return logits.toFloatArray();
        }
    }

    static Stream<Arguments> casesInHalfPrecision() {
        return Stream.of("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
                .flatMap(family -> Stream.of("full", "vision_frozen", "prefix_frozen")
                        .map(freezeCase -> Arguments.of(family, freezeCase)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("casesInHalfPrecision")
    void givenBFloat16WhenTrainedThenAllModesGiveTheSameBitsNearFloat32(String family, String freezeCase) {
        FamilyFixture fixture = new FamilyFixture(family);
        Map<String, float[]> graph = gradients(fixture, freezeCase, Executor.Mode.GRAPH);
        for (Executor.Mode mode : Executor.Mode.values()) {
            Map<String, float[]> made = gradients(fixture, freezeCase, mode);
            assertThat(made.keySet()).isEqualTo(graph.keySet());
            graph.forEach(
                    (name, gradient) -> assertThat(made.get(name)).as(name).isEqualTo(gradient));
        }
        double wanted = fixture.expected(freezeCase).path("grad_norm").asDouble();
        double squares = graph.values().stream()
                .flatMap(values -> Stream.of(norm(values)))
                .mapToDouble(norm -> norm * norm)
                .sum();
        assertThat(Math.sqrt(squares)).isCloseTo(wanted, within(wanted * 0.05));
    }

    private static double norm(float[] values) {
        double square = 0;
        for (float value : values) {
            square += (double) value * value;
        }
        return Math.sqrt(square);
    }

    private static Map<String, float[]> gradients(FamilyFixture fixture, String freezeCase, Executor.Mode mode) {
        try (LoadedModel model = LoadedModel.open(ops, fixture.folder(), fixture.trainable(freezeCase), DType.BF16);
                Batch batch = model.batch(ops, fixture.samples(freezeCase));
                Gradients gradients = new Gradients(ops)) {
            model.executor(mode).step(batch, batch.targetCount(), gradients);
            Map<String, float[]> values = new TreeMap<>();
            gradients.byTensor().forEach((name, gradient) -> values.put(name, gradient.toFloatArray()));
            return values;
        }
    }

    @Test
    void givenATensorWithoutARoleThenItIsRefusedByName() {
        FixtureCopy.of("qwen3_vl", folder)
                .withTensors(tensors -> tensors.put(
                        "model.visual.deepstack_merger_list.3.norm.bias",
                        tensors.get("model.visual.deepstack_merger_list.2.norm.bias")));
        assertRefused("tensor model.visual.deepstack_merger_list.3.norm.bias: no part of this kind of model has it");
    }

    @Test
    void givenATiedHeadThatIsStoredThenItIsRefused() {
        FixtureCopy.of("qwen2_5_vl", folder).with("config.json", json -> json.put("tie_word_embeddings", true));
        assertRefused("config.json: tie_word_embeddings: true is not supported", "stores lm_head.weight");
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '\u0001',
            value = {
                "qwen2_vl; {'use_sliding_window': true}; use_sliding_window: true",
                "qwen2_vl; {'rope_scaling': {'type': 'yarn', 'factor': 4}}; rope_scaling.type: \"yarn\"",
                "qwen2_vl; {'rope_scaling': {'type': 'mrope', 'mrope_section': [2, 3, 4]}};"
                        + " rope_scaling.mrope_section: [2,3,4]",
                "qwen2_vl; {'rope_scaling': {'mrope_interleaved': true}}; rope_scaling.mrope_interleaved: true",
                "qwen2_vl; {'attention_dropout': 0.1}; attention_dropout: 0.1",
                "qwen2_vl; {'layer_types': ['sliding_attention']}; layer_types: [\"sliding_attention\"]",
                "qwen2_vl; {'hidden_act': 'relu'}; hidden_act: \"relu\"",
                "qwen2_vl; {'image_token_id': 640}; image_token_id: 640",
                "qwen2_vl; {'vision_config': null}; vision_config: absent",
                "qwen2_vl; {'text_config': {'model_type': 'qwen2_5_vl_text'}};"
                        + " text_config.model_type: \"qwen2_5_vl_text\"",
                "qwen2_vl; {'vision_config': {'model_type': 'qwen3_vl'}}; vision_config.model_type: \"qwen3_vl\"",
                "qwen2_vl; {'vision_config': {'hidden_size': 48}}; vision_config.hidden_size: 48",
                "qwen2_vl; {'vision_config': {'in_chans': 1}}; vision_config.in_chans: 1",
                "qwen2_vl; {'vision_config': {'num_heads': 3}}; vision_config.num_heads: 3",
                "qwen2_vl; {'vision_config': {'patch_size': [14, 14]}}; vision_config.patch_size: [14,14]",
                "qwen2_vl; {'vision_config': {'rope_parameters': {'rope_type': 'default'}}};"
                        + " vision_config.rope_parameters.rope_type: \"default\"",
                "qwen2_5_vl; {'vision_config': {'window_size': 27}}; vision_config.window_size: 27",
                "qwen2_5_vl; {'vision_config': {'fullatt_block_indexes': 7}};"
                        + " vision_config.fullatt_block_indexes: 7",
                "qwen3_vl; {'vision_config': {'deepstack_visual_indexes': [0, 4]}};"
                        + " vision_config.deepstack_visual_indexes: [0,4]",
                "qwen3_vl; {'vision_config': {'deepstack_visual_indexes': [1, 0]}};"
                        + " vision_config.deepstack_visual_indexes: [1,0]",
                "qwen3_vl; {'vision_config': {'num_position_embeddings': 35}};"
                        + " vision_config.num_position_embeddings: 35",
                "qwen3_vl; {'text_config': {'rope_scaling': {'mrope_interleaved': false}}};"
                        + " text_config.rope_scaling.mrope_interleaved: false",
                "qwen3_vl; {'text_config': null}; text_config: absent",
            })
    void givenAConfigurationThatIsNotSupportedThenKeyAndValueAreNamed(String family, String change, String named)
            throws JsonProcessingException {
        JsonNode changes = JSON.readTree(change.replace('\'', '"'));
        FixtureCopy.of(family, folder).with("config.json", json -> merge(json, changes));
        assertRefused(named + " is not supported");
    }

    /** Puts in what is not an object, or not there yet. */
    private static void merge(ObjectNode target, JsonNode changes) {
        changes.properties().forEach(entry -> {
            if (entry.getValue().isObject() && target.path(entry.getKey()) instanceof ObjectNode inner) {
                merge(inner, entry.getValue());
            } else {
                target.set(entry.getKey(), entry.getValue());
            }
        });
    }

    private void assertRefused(String... pieces) {
        assertThatThrownBy(() -> blueprint(folder))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.ModelUnsupported))
                .message()
                .satisfies(message -> Arrays.stream(pieces)
                        .forEach(piece -> assertThat(message).contains(piece)));
    }
}
