package io.vlfinetune.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
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
import io.vlfinetune.trainer.testing.HeaderOnly;
import io.vlfinetune.trainer.testing.LlavaFixture;
import io.vlfinetune.trainer.testing.LoadedModel;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.TensorContent;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class LlavaFamilyTest {
    private static final String TOWER = "vision_tower.vision_model.";

    private final LlavaFixture fixture = new LlavaFixture();

    @TempDir
    private Path folder;

    private static Blueprint blueprint(Path folder) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return Families.of(checkpoint.config()).blueprint(checkpoint);
        }
    }

    private static void assertRefused(Path folder, String... pieces) {
        assertThatThrownBy(() -> blueprint(folder))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.ModelUnsupported))
                .message()
                .contains(pieces);
    }

    @Test
    void givenTheFixtureThenEveryTensorHasItsRole() {
        Blueprint blueprint = blueprint(LlavaFixture.folder());
        Map<String, String> golden = fixture.goldenRoles();
        assertThat(blueprint.roles().keySet()).isEqualTo(golden.keySet());
        Map<Part, Integer> counts = new EnumMap<>(Part.class);
        blueprint.roles().forEach((name, role) -> {
            counts.merge(role.part(), 1, Integer::sum);
            String part = golden.get(name).replaceAll("\\..*", "");
            assertThat(role.part())
                    .as(name)
                    .isEqualTo(
                            switch (part) {
                                case "vision" -> Part.VisionTower;
                                case "projector" -> Part.Projector;
                                default -> Part.LanguageModel;
                            });
        });
        assertThat(counts).containsEntry(Part.Projector, 4).containsEntry(Part.LanguageModel, 39);
        assertThat(blueprint.roles())
                .containsEntry(TOWER + "encoder.layers.3.mlp.fc1.bias", TensorRole.of(Role.VisionBlock, 3))
                .containsEntry(TOWER + "post_layernorm.weight", TensorRole.of(Role.VisionNorm))
                .containsEntry(TOWER + "embeddings.class_embedding", TensorRole.of(Role.PatchEmbedding))
                .containsEntry(TOWER + "embeddings.position_embedding.weight", TensorRole.of(Role.VisionPosition))
                .containsEntry("language_model.lm_head.weight", TensorRole.of(Role.OutputHead));
        assertThat(blueprint.imageToken()).isEqualTo(LlavaFixture.IMAGE_TOKEN);
        assertThat(blueprint.padToken()).isEqualTo(LlavaFixture.PAD_TOKEN);
    }

    @Test
    void givenAFeatureLayerBelowTheTopThenWhatLiesAboveIsKnownButUnused() {
        Blueprint blueprint = blueprint(LlavaFixture.folder());
        assertThat(blueprint.unusedTensors())
                .hasSize(18)
                .allMatch(name -> name.contains(".layers.3.") || name.contains("post_layernorm"));
        assertThat(blueprint.chain().tensors()).doesNotContainAnyElementsOf(blueprint.unusedTensors());
        assertThat(blueprint.undecayedTensors())
                .contains(TOWER + "pre_layrnorm.weight", "multi_modal_projector.linear_1.bias")
                .doesNotContain(TOWER + "embeddings.class_embedding", "language_model.lm_head.weight");
    }

    static Stream<Arguments> layouts() {
        UnaryOperator<String> flatTower = name -> name.replace("vision_tower.vision_model.", "vision_tower.");
        UnaryOperator<String> nested = name -> switch (name) {
            case "language_model.lm_head.weight" -> "lm_head.weight";
            default -> "model." + name.replace("language_model.model.", "language_model.");
        };
        return Stream.of(
                Arguments.of("as transformers 5 saves it", flatTower),
                Arguments.of("nested under model", nested),
                Arguments.of("both", (UnaryOperator<String>) name -> flatTower.apply(nested.apply(name))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layouts")
    void givenTheSameWeightsUnderOtherKeysThenLogitsAreTheSame(String name, UnaryOperator<String> rename) {
        LlavaFixture.copyTo(folder);
        LlavaFixture.withTensors(folder, tensors -> {
            Map<String, TensorContent> old = new TreeMap<>(tensors);
            tensors.clear();
            old.forEach((key, content) -> tensors.put(rename.apply(key), content));
        });
        try (Ops ops = Ops.start(1, Optional.of(LinearKernel.MKL))) {
            assertThat(logits(ops, folder)).as(name).isEqualTo(logits(ops, LlavaFixture.folder()));
        }
    }

    private float[] logits(Ops ops, Path model) {
        try (LoadedModel loaded = LoadedModel.open(ops, model, Set.of());
                Batch batch =
                        Batch.of(ops, List.of(fixture.sample()), LlavaFixture.PAD_TOKEN, LlavaFixture.IMAGE_TOKEN);
                NDArray logits = loaded.executor(Executor.Mode.GRAPH).logits(batch)) {
            return logits.toFloatArray();
        }
    }

    @Test
    void givenATensorWithoutARoleThenItIsRefusedWithTheNearestName() {
        LlavaFixture.copyTo(folder);
        LlavaFixture.withTensors(
                folder,
                tensors -> tensors.put(
                        "multi_modal_projector.linear_3.bias", tensors.get("multi_modal_projector.linear_1.bias")));
        assertRefused(
                folder,
                "tensor multi_modal_projector.linear_3.bias: no part of this kind of model has it",
                "(the nearest is multi_modal_projector.linear_1.bias)");
    }

    @Test
    void givenAMissingTensorThenItIsRefusedByName() {
        LlavaFixture.copyTo(folder);
        LlavaFixture.withTensors(folder, tensors -> tensors.remove("language_model.model.layers.2.mlp.up_proj.weight"));
        assertRefused(folder, "tensor language_model.model.layers.2.mlp.up_proj.weight: missing");
    }

    @Test
    void givenAShapeOtherThanTheConfigurationsThenBothAreNamed() {
        LlavaFixture.withConfig(folder, "\"intermediate_size\": 128", "\"intermediate_size\": 96");
        assertRefused(
                folder,
                "tensor language_model.model.layers.0.mlp.gate_proj.weight: shape [128, 64], but config.json asks for"
                        + " [96, 64]");
    }

    @Test
    void givenWeightsOfIntegersThenTheTypeIsNamed() {
        LlavaFixture.copyTo(folder);
        LlavaFixture.withTensors(
                folder,
                tensors -> tensors.put(
                        "language_model.model.norm.weight",
                        new TensorContent.Stored(DType.I8, List.of(64L), MemorySegment.ofArray(new byte[64]))));
        assertRefused(folder, "tensor language_model.model.norm.weight: dtype I8 is not supported for weights");
    }

    @ParameterizedTest(name = "{1}")
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '\u0001',
            value = {
                "\"model_type\": \"llava\"; \"model_type\": \"blip\"; model_type: \"blip\" is not supported; supported: llava",
                "\"model_type\": \"llama\"; \"model_type\": \"gemma\"; text_config.model_type: \"gemma\"; llama, mistral",
                "\"model_type\": \"clip_vision_model\"; \"model_type\": \"siglip_vision_model\";"
                        + " vision_config.model_type: \"siglip_vision_model\"; \"clip_vision_model\"",
                "\"rms_norm_eps\": 1e-05; \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 2};"
                        + " text_config.rope_scaling.type: \"yarn\"; default, linear",
                "\"rms_norm_eps\": 1e-05; \"rope_parameters\": {\"rope_type\": \"llama3\"};"
                        + " text_config.rope_parameters.factor: absent; at least 1",
                "\"rms_norm_eps\": 1e-05; \"attention_bias\": 1; text_config.attention_bias: 1; true or false",
                "\"rms_norm_eps\": 1e-05; \"mlp_bias\": true; text_config.mlp_bias: true; false",
                "\"rms_norm_eps\": 1e-05; \"sliding_window\": 4096; text_config.sliding_window: 4096; null",
                "\"hidden_act\": \"silu\"; \"hidden_act\": \"relu\"; text_config.hidden_act: \"relu\"; silu",
                "\"vision_feature_layer\": -2; \"vision_feature_layer\": [-2, -6]; vision_feature_layer: [-2,-6]; -5 to 4",
                "\"vision_feature_layer\": -2; \"vision_feature_layer\": [\"-2\"]; vision_feature_layer: [\"-2\"]; whole",
                "\"vision_feature_layer\": -2; \"vision_feature_layer\": []; vision_feature_layer: []; at least one",
                "\"vision_feature_layer\": -2; \"vision_feature_layer\": -6; vision_feature_layer: -6; -5 to 4",
                "\"default\"; \"cls\"; vision_feature_select_strategy: \"cls\"; \"full\"",
                "\"tie_word_embeddings\": false; \"tie_word_embeddings\": true; tie_word_embeddings;"
                        + " language_model.lm_head.weight",
                "\"vision_config\"; \"vision\"; vision_config: absent; an object",
                "\"image_token_index\": 529; \"image_token_index\": 640; image_token_index: 640; 0 to 639",
            })
    void givenAConfigurationThatIsNotSupportedThenKeyAndValueAreNamed(
            String piece, String replacement, String named, String supported) {
        LlavaFixture.withConfig(folder, piece, replacement);
        assertRefused(folder, named, supported);
    }

    @Test
    void givenAPlanThenTheEngineIsNeverLoaded() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("java.class.path"),
                        HeaderOnly.class.getName(),
                        LlavaFixture.folder().toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said).isEqualTo("114 roles, 11 layers, libtorch mapped: false");
    }
}
