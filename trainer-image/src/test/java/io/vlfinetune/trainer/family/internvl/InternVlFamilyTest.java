package io.vlfinetune.trainer.family.internvl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.ModelFolder;
import io.vlfinetune.trainer.testing.Variant;
import io.vlfinetune.trainer.weights.TensorContent;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InternVlFamilyTest {
    private static final String HEAD = "language_model.lm_head.weight";

    @TempDir
    private Path folder;

    private ModelFolder model;

    @BeforeEach
    void copy() {
        model = ModelFolder.copy("internvl", folder);
    }

    @Test
    void givenTheFixtureThenEveryTensorHasItsRole() {
        Blueprint blueprint = model.blueprint();
        assertThat(blueprint.roles().keySet())
                .isEqualTo(new FamilyFixture("internvl").roles().keySet());
        assertThat(blueprint.roles())
                .containsEntry("vision_tower.embeddings.cls_token", TensorRole.of(Role.PatchEmbedding))
                .containsEntry("vision_tower.embeddings.position_embeddings", TensorRole.of(Role.VisionPosition))
                .containsEntry("vision_tower.encoder.layer.3.lambda_2", TensorRole.of(Role.VisionBlock, 3))
                .containsEntry("multi_modal_projector.layer_norm.bias", TensorRole.of(Role.Projector))
                .containsEntry(HEAD, TensorRole.of(Role.OutputHead));
        assertThat(blueprint.unusedTensors()).isEmpty();
        // As transformers' Trainer has it, which leaves out biases and what is called a norm.
        assertThat(blueprint.undecayedTensors())
                .contains(
                        "multi_modal_projector.layer_norm.weight",
                        "vision_tower.encoder.layer.0.layernorm_after.weight",
                        "vision_tower.embeddings.patch_embeddings.projection.bias")
                .doesNotContain("vision_tower.encoder.layer.0.lambda_1", "vision_tower.embeddings.cls_token");
        assertThat(blueprint.imageToken()).isEqualTo(467);
        assertThat(blueprint.tiedHead()).isFalse();
    }

    @Test
    void givenTheOtherTowersOfTheFamilyThenTheirTensorsHaveRolesToo() throws Exception {
        Variant.write("internvl", "rms_norm", folder);
        Blueprint normed = model.blueprint();
        assertThat(normed.roles())
                .containsEntry("vision_tower.layernorm.weight", TensorRole.of(Role.VisionNorm))
                .containsEntry("vision_tower.embeddings.mask_token", TensorRole.of(Role.PatchEmbedding))
                .containsEntry(
                        "vision_tower.encoder.layer.2.attention.q_norm.weight", TensorRole.of(Role.VisionBlock, 2));
        assertThat(normed.unusedTensors()).containsExactly("vision_tower.embeddings.mask_token");
        Variant.write("internvl", "lower_layer", folder);
        assertThat(model.blueprint().unusedTensors())
                .contains("vision_tower.layernorm.weight", "vision_tower.layernorm.bias")
                .allMatch(name -> name.contains(".layer.3.") || name.contains("layernorm"));
    }

    @Test
    void givenTheKeysOfTransformersFiveThenEveryTensorHasTheSameRole() {
        UnaryOperator<String> nested = name -> name.equals(HEAD)
                ? "lm_head.weight"
                : "model." + name.replace("language_model.model.", "language_model.");
        Map<String, TensorRole> wanted = new TreeMap<>();
        model.blueprint().roles().forEach((name, role) -> wanted.put(nested.apply(name), role));
        model.tensors(tensors -> {
            Map<String, TensorContent> old = new TreeMap<>(tensors);
            tensors.clear();
            old.forEach((name, content) -> tensors.put(nested.apply(name), content));
        });
        assertThat(model.blueprint().roles()).isEqualTo(wanted);
    }

    @Test
    void givenNoWordAboutTheHeadThenACheckpointWithoutOneIsTied() {
        model.edit("config.json", json -> {
            json.remove("tie_word_embeddings");
            ((ObjectNode) json.path("text_config")).remove("tie_word_embeddings");
        });
        assertThat(model.blueprint().tiedHead()).isFalse();
        model.tensors(tensors -> tensors.remove(HEAD));
        assertThat(model.blueprint().tiedHead()).isTrue();
        model.merge("config.json", "{\"tie_word_embeddings\": false}");
        assertRefused("tensor " + HEAD + ": missing");
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '\u0001', textBlock = """
            {"tie_word_embeddings": true}; tie_word_embeddings: true is not supported; stores an output head
            {"vision_feature_select_strategy": "full"}; vision_feature_select_strategy: "full" is not supported; "default"
            {"vision_feature_layer": [-1]}; vision_feature_layer: [-1] is not supported; a whole number
            {"vision_feature_layer": -6}; vision_feature_layer: -6 is not supported; -5 to 4
            {"downsample_ratio": 0.3}; downsample_ratio: 0.3 is not supported; 1 divided by a divisor of the tower's 4 patches
            {"downsample_ratio": 0.125}; downsample_ratio: 0.125 is not supported; 4 patches
            {"image_token_id": 640}; image_token_id: 640 is not supported; 0 to 639
            {"text_config": {"model_type": "internlm3"}}; text_config.model_type: "internlm3"; qwen2, qwen3, llama
            {"vision_config": {"model_type": "intern_vit_6b"}}; vision_config.model_type: "intern_vit_6b"; internvl_vision
            {"vision_config": {"norm_type": "batch_norm"}}; vision_config.norm_type: "batch_norm"; "rms_norm"
            {"vision_config": {"image_size": [56, 28]}}; vision_config.image_size: [56,28]; a square
            {"vision_config": {"num_attention_heads": 3}}; vision_config.num_attention_heads: 3; a divisor of hidden_size 32
            {"vision_config": {"projection_dropout": 0.1}}; vision_config.projection_dropout: 0.1; 0.0
            {"vision_config": {"hidden_dropout_prob": 0.1}}; vision_config.hidden_dropout_prob: 0.1; 0.0
            {"vision_config": {"num_channels": 1}}; vision_config.num_channels: 1; 3
            {"vision_config": {"use_qk_norm": true}}; tensor vision_tower.encoder.layer.0.attention.q_norm.weight: missing; config.json
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
