package io.vlfinetune.trainer.family.llavanext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.LoadedModel;
import io.vlfinetune.trainer.testing.ModelFolder;
import io.vlfinetune.trainer.testing.Pattern;
import io.vlfinetune.trainer.weights.TensorContent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LlavaNextFamilyTest {
    private final FamilyFixture fixture = new FamilyFixture("llava_next");

    @TempDir
    private Path folder;

    private ModelFolder model;

    @BeforeEach
    void copy() {
        model = ModelFolder.copy("llava_next", folder);
    }

    @Test
    void givenTheFixtureThenTheNewlineBelongsToTheProjectorAndTheTopOfTheTowerIsUnused() {
        Blueprint blueprint = model.blueprint();
        assertThat(blueprint.roles().keySet()).isEqualTo(fixture.roles().keySet());
        assertThat(blueprint.roles())
                .containsEntry("image_newline", TensorRole.of(Role.Projector))
                .containsEntry(
                        "vision_tower.vision_model.encoder.layers.3.mlp.fc1.bias", TensorRole.of(Role.VisionBlock, 3));
        assertThat(blueprint.roles().values().stream().filter(role -> role.part() == Part.Projector))
                .hasSize(5);
        assertThat(blueprint.unusedTensors())
                .hasSize(18)
                .allMatch(name -> name.contains(".layers.3.") || name.contains("post_layernorm"));
        assertThat(blueprint.undecayedTensors()).doesNotContain("image_newline");
        assertThat(blueprint.imageToken()).isEqualTo(529);
    }

    /** The canvases of the published checkpoints at a sixth of their size: several rows and columns of tiles. */
    @Test
    void givenMoreCanvasesThenPixelsFeaturesAndLossesAreThoseOfTransformers() {
        JsonNode more = fixture.golden().path("more_pinpoints");
        String list = "{\"image_grid_pinpoints\": " + more.path("image_grid_pinpoints") + "}";
        model.merge("config.json", list).merge("preprocessor_config.json", list);
        List<EncodedSample> samples = new ArrayList<>();
        try (ChatProcessor processor = model.processor();
                Ops ops = Ops.start(1, Optional.of(LinearKernel.MKL));
                LoadedModel loaded = LoadedModel.open(ops, folder, Set.of())) {
            for (JsonNode picture : more.path("pictures")) {
                String file = picture.path("file").asText();
                EncodedSample sample = processor.encode(FamilyFixture.conversation(
                        file,
                        more.path("question").asText(),
                        more.path("answer").asText()));
                assertThat(Pattern.sha256(sample.images().getFirst().values()))
                        .isEqualTo(picture.at("/pixel_values/sha256").asText());
                assertFeatures(loaded, ops, sample, "more_pinpoints." + file + ".image_features");
                assertLoss(loaded, ops, List.of(sample), picture.path("loss").asDouble());
                samples.add(sample);
            }
            assertLoss(loaded, ops, samples, more.at("/batch/loss").asDouble());
        }
    }

    private void assertFeatures(LoadedModel loaded, Ops ops, EncodedSample sample, String golden) {
        try (Batch batch = loaded.batch(ops, List.of(sample));
                NDArray features = loaded.executor(Executor.Mode.GRAPH).imageFeatures(batch)) {
            assertThat(features.toFloatArray()).containsExactly(fixture.tensor(golden), within(1e-5f));
        }
    }

    private static void assertLoss(LoadedModel loaded, Ops ops, List<EncodedSample> samples, double wanted) {
        try (Batch batch = loaded.batch(ops, samples);
                Gradients gradients = new Gradients(ops)) {
            double loss = loaded.executor(Executor.Mode.GRAPH).step(batch, batch.targetCount(), gradients);
            assertThat(loss).isCloseTo(wanted, within(wanted * 2e-6));
        }
    }

    @Test
    void givenTheKeysOfTransformersFiveThenEveryTensorHasTheSameRole() {
        UnaryOperator<String> nested = name -> switch (name) {
            case "language_model.lm_head.weight" -> "lm_head.weight";
            default ->
                "model."
                        + name.replace("language_model.model.", "language_model.")
                                .replace("vision_tower.vision_model.", "vision_tower.");
        };
        Map<String, TensorRole> wanted = new TreeMap<>();
        model.blueprint().roles().forEach((name, role) -> wanted.put(nested.apply(name), role));
        model.tensors(tensors -> {
            Map<String, TensorContent> old = new TreeMap<>(tensors);
            tensors.clear();
            old.forEach((name, content) -> tensors.put(nested.apply(name), content));
        });
        assertThat(model.blueprint().roles()).isEqualTo(wanted).containsKey("model.image_newline");
    }

    @Test
    void givenATiedHeadThenItIsTheEmbeddingTable() {
        model.merge("config.json", "{\"tie_word_embeddings\": true}");
        assertRefused("tie_word_embeddings", "language_model.lm_head.weight");
        model.tensors(tensors -> tensors.remove("language_model.lm_head.weight"));
        assertThat(model.blueprint().tiedHead()).isTrue();
    }

    @Test
    void givenMistralWithoutAWordOnItsWindowThenItIsRefusedBecauseTransformersWouldTakeOne() {
        model.edit("config.json", json -> ((ObjectNode) json.path("text_config")).remove("sliding_window"));
        assertRefused("text_config.sliding_window: absent is not supported", "null");
    }

    @Test
    void givenNoNewlineThenItIsMissedByName() {
        model.tensors(tensors -> tensors.remove("image_newline"));
        assertRefused("tensor image_newline: missing");
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '\u0001', textBlock = """
            {"vision_feature_select_strategy": "full"}; vision_feature_select_strategy: "full" is not supported; "default"
            {"use_image_newline_parameter": false}; use_image_newline_parameter: false is not supported; true
            {"image_grid_pinpoints": [[56, 100]]}; image_grid_pinpoints: [[56,100]] is not supported; multiples of the vision tower's 56 pixels
            {"vision_feature_layer": [-2, 9]}; vision_feature_layer: [-2,9] is not supported; -5 to 4
            {"vision_feature_layer": [-2, -3]}; tensor multi_modal_projector.linear_1.weight: shape [64, 32]; asks for [64, 64]
            {"text_config": {"sliding_window": 4096}}; text_config.sliding_window: 4096 is not supported; null
            {"text_config": {"model_type": "qwen2"}}; text_config.model_type: "qwen2"; llama, mistral
            {"vision_config": {"model_type": "siglip_vision_model"}}; vision_config.model_type: "siglip_vision_model"; clip_vision_model
            """)
    void givenAConfigurationThatIsNotSupportedThenKeyAndValueAreNamed(String change, String named, String supported) {
        model.merge("config.json", change);
        assertRefused(named, supported);
    }

    private void assertRefused(String... pieces) {
        assertThatThrownBy(model::blueprint)
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ModelUnsupported))
                .message()
                .contains(pieces);
    }
}
