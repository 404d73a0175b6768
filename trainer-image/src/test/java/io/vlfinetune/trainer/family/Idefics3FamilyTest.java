package io.vlfinetune.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.SampleLocation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.testing.EditedFixture;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.Steps;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class Idefics3FamilyTest {
    private static Ops ops;

    private final FamilyFixture fixture = new FamilyFixture("idefics3");

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
    @ValueSource(strings = {"idefics3", "smolvlm"})
    void givenTheFixtureThenEveryTensorHasItsRoleAndIsUsed(String family) {
        FamilyFixture model = new FamilyFixture(family);
        Blueprint blueprint = blueprint(model.folder());
        Map<String, String> golden = model.roles();
        assertThat(blueprint.roles().keySet()).isEqualTo(golden.keySet());
        blueprint
                .roles()
                .forEach((name, role) ->
                        assertThat(goldenName(role.role())).as(name).isEqualTo(golden.get(name)));
        assertThat(blueprint.roles())
                .containsEntry("model.vision_model.encoder.layers.3.mlp.fc1.bias", TensorRole.of(Role.VisionBlock, 3))
                .containsEntry("model.text_model.layers.2.mlp.up_proj.weight", TensorRole.of(Role.LanguageBlock, 2))
                .containsEntry(
                        "model.vision_model.embeddings.position_embedding.weight", TensorRole.of(Role.VisionPosition));
        assertThat(blueprint.unusedTensors()).isEmpty();
        assertThat(blueprint.undecayedTensors())
                .contains("model.vision_model.embeddings.patch_embedding.bias", "model.text_model.norm.weight")
                .doesNotContain("model.connector.modality_projection.proj.weight");
        assertThat(blueprint.tiedHead()).isFalse();
        assertThat(blueprint.imageToken()).isEqualTo(466);
        assertThat(blueprint.padToken()).isEqualTo(464);
    }

    static String goldenName(Role role) {
        return switch (role) {
            case PatchEmbedding, VisionPosition -> "vision.embed";
            case VisionBlock -> "vision.blocks";
            case VisionNorm -> "vision.norm";
            case Projector -> "projector";
            case TokenEmbedding -> "llm.embed";
            case LanguageBlock -> "llm.blocks";
            case LanguageNorm -> "llm.norm";
            case OutputHead -> "llm.head";
        };
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '\u0001',
            value = {
                "{\"text_config\": null}; text_config: absent; an object",
                "{\"vision_config\": null}; vision_config: absent; an object",
                "{\"text_config\": {\"model_type\": \"mistral\"}}; text_config.model_type: \"mistral\"; llama",
                "{\"vision_config\": {\"model_type\": \"siglip_vision_model\"}};"
                        + " vision_config.model_type: \"siglip_vision_model\"; idefics3_vision, smolvlm",
                "{\"vision_config\": {\"image_size\": [64, 64]}}; vision_config.image_size: [64,64]; a whole number",
                "{\"vision_config\": {\"attention_dropout\": 0.1}}; vision_config.attention_dropout: 0.1; 0.0",
                "{\"text_config\": {\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 2}}};"
                        + " text_config.rope_scaling.rope_type: \"yarn\"; default, linear",
                "{\"text_config\": {\"mlp_bias\": true}}; text_config.mlp_bias: true; false",
                "{\"scale_factor\": 3}; scale_factor: 3; a divisor of the 4 patches",
                "{\"image_token_id\": 640}; image_token_id: 640; 0 to 639",
                "{\"tie_word_embeddings\": true}; tie_word_embeddings: true; lm_head.weight",
            })
    void givenAConfigurationThatIsNotSupportedThenKeyAndValueAreNamed(String more, String named, String supported) {
        EditedFixture.copy("idefics3", folder).merged("config.json", more);
        assertThatThrownBy(() -> blueprint(folder))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.ModelUnsupported))
                .message()
                .contains(named, supported);
    }

    @Test
    void givenATiedHeadThenItsGradientIsTheSumOfBothUses() {
        EditedFixture.copy("idefics3", folder)
                .merged("config.json", "{\"tie_word_embeddings\": true}")
                .tensors(tensors -> tensors.remove("lm_head.weight"));
        Blueprint blueprint = blueprint(folder);
        assertThat(blueprint.tiedHead()).isTrue();
        List<EncodedSample> samples = fixture.samples("full");
        Steps step = Steps.sameInAllModes(ops, folder, blueprint.roles().keySet(), DType.F32, samples);
        assertThat(step.gradients()).containsKey("model.text_model.embed_tokens.weight");
        assertThat(step.gradients().keySet()).isEqualTo(blueprint.roles().keySet());
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void givenSeveralImagesOrTextAloneThenTheLossIsThatOfTransformers(DType precision) {
        double tolerance = precision == DType.F32 ? 2e-6 : 5e-3;
        double two = precision == DType.F32 ? 7.223161220550537 : 7.228529453277588;
        double text = precision == DType.F32 ? 6.71972131729126 : 6.719048500061035;
        EncodedSample pictures = twoPictures(fixture);
        assertThat(pictures.inputIds()).hasSize(94);
        assertThat(Steps.loss(ops, fixture.folder(), precision, List.of(pictures)))
                .isCloseTo(two, within(two * tolerance));
        assertThat(Steps.loss(
                        ops,
                        fixture.folder(),
                        precision,
                        List.of(fixture.textSamples().getLast())))
                .isCloseTo(text, within(text * tolerance));
    }

    /** Two pictures of other sizes with text between them. */
    static EncodedSample twoPictures(FamilyFixture fixture) {
        try (ChatProcessor processor = fixture.processor()) {
            return processor.encode(new Conversation(
                    SampleLocation.ofLine("two.jsonl", 1),
                    List.of(
                            new Turn(
                                    Speaker.User,
                                    List.of(
                                            new Content.Image("sample.png"),
                                            new Content.Text("and"),
                                            new Content.Image("sample2.png"),
                                            new Content.Text("Which digits are these?"))),
                            new Turn(Speaker.Assistant, List.of(new Content.Text("It is the digit three."))))));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"full", "vision_frozen", "projector_only", "llm_frozen", "prefix_frozen"})
    void givenBFloat16ThenAllModesGiveTheSameBitsCloseToFloat32(String freezeCase) {
        double exact = fixture.expected("batch").path("losses").path(0).asDouble();
        Steps step = Steps.sameInAllModes(
                ops, fixture.folder(), fixture.trainable(freezeCase), DType.BF16, fixture.samples("batch"));
        assertThat(step.loss()).isCloseTo(exact, within(exact * 5e-3));
    }
}
