package io.vlfinetune.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.testing.EditedFixture;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.Steps;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.TensorContent;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class Gemma3FamilyTest {
    private static final String TABLE = "language_model.model.embed_tokens.weight";

    private static Ops ops;

    private final FamilyFixture fixture = new FamilyFixture("gemma3");

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

    @Test
    void givenTheFixtureThenEveryTensorHasItsRoleAndIsUsed() {
        Blueprint blueprint = blueprint(fixture.folder());
        Map<String, String> golden = fixture.roles();
        assertThat(blueprint.roles().keySet()).isEqualTo(golden.keySet());
        blueprint
                .roles()
                .forEach((name, role) -> assertThat(Idefics3FamilyTest.goldenName(role.role()))
                        .as(name)
                        .isEqualTo(golden.get(name)));
        assertThat(blueprint.roles())
                .containsEntry(
                        "language_model.model.layers.3.post_feedforward_layernorm.weight",
                        TensorRole.of(Role.LanguageBlock, 3))
                .containsEntry(TABLE, TensorRole.of(Role.TokenEmbedding));
        assertThat(blueprint.unusedTensors()).isEmpty();
        assertThat(blueprint.undecayedTensors())
                .contains(
                        "multi_modal_projector.mm_soft_emb_norm.weight",
                        "language_model.model.layers.0.self_attn.q_norm.weight")
                .doesNotContain("multi_modal_projector.mm_input_projection_weight", TABLE);
        assertThat(blueprint.tiedHead()).isTrue();
        assertThat(blueprint.imageToken()).isEqualTo(536);
        assertThat(blueprint.padToken()).isZero();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "transformers 4.52, model.language_model., model.vision_tower.vision_model., model.multi_modal_projector.",
        "transformers 5,    model.language_model., model.vision_tower.,              model.multi_modal_projector.",
        "saved by parts,    language_model.model., vision_tower.,                    multi_modal_projector.",
    })
    void givenAnotherKeyLayoutThenTheModelIsTheSame(String name, String decoder, String tower, String projector) {
        EditedFixture.copy("gemma3", folder).tensors(tensors -> {
            Map<String, TensorContent> old = new TreeMap<>(tensors);
            tensors.clear();
            old.forEach((key, content) -> tensors.put(
                    key.replaceFirst("^language_model\\.model\\.", decoder)
                            .replaceFirst("^vision_tower\\.vision_model\\.", tower)
                            .replaceFirst("^multi_modal_projector\\.", projector),
                    content));
        });
        List<EncodedSample> samples = fixture.samples("full");
        assertThat(Steps.logits(ops, folder, samples)).as(name).isEqualTo(Steps.logits(ops, fixture.folder(), samples));
    }

    @Test
    void givenAHeadOfItsOwnThenItIsUsedAndTheSumOfBothGradientsIsThatOfTheTiedOne() {
        EditedFixture.copy("gemma3", folder)
                .merged("config.json", "{\"tie_word_embeddings\": false}")
                .tensors(tensors -> tensors.put("lm_head.weight", tensors.get(TABLE)));
        Blueprint blueprint = blueprint(folder);
        assertThat(blueprint.tiedHead()).isFalse();
        assertThat(blueprint.roles()).containsEntry("lm_head.weight", TensorRole.of(Role.OutputHead));
        List<EncodedSample> samples = fixture.samples("batch");
        Steps apart = Steps.sameInAllModes(ops, folder, blueprint.roles().keySet(), DType.F32, samples);
        Steps tied = Steps.sameInAllModes(ops, fixture.folder(), fixture.trainable("full"), DType.F32, samples);
        assertThat(tied.loss()).isEqualTo(apart.loss());
        float[] sum = apart.gradients().get(TABLE).clone();
        float[] head = apart.gradients().get("lm_head.weight");
        for (int i = 0; i < sum.length; i++) {
            sum[i] += head[i];
        }
        assertThat(tied.gradients().get(TABLE)).containsExactly(sum, within(1e-5f));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '\u0001',
            value = {
                "{\"text_config\": null}; text_config: absent; an object",
                "{\"vision_config\": null}; vision_config: absent; an object",
                "{\"text_config\": {\"model_type\": \"gemma2\"}}; text_config.model_type: \"gemma2\"; gemma3_text",
                "{\"vision_config\": {\"model_type\": \"clip_vision_model\"}};"
                        + " vision_config.model_type: \"clip_vision_model\"; siglip_vision_model",
                "{\"vision_config\": {\"vision_use_head\": true}}; vision_config.vision_use_head: true; false",
                "{\"text_config\": {\"final_logit_softcapping\": 30.0}};"
                        + " text_config.final_logit_softcapping: 30.0; null",
                "{\"text_config\": {\"attn_logit_softcapping\": 50.0}};"
                        + " text_config.attn_logit_softcapping: 50.0; null",
                "{\"text_config\": {\"use_bidirectional_attention\": true}};"
                        + " text_config.use_bidirectional_attention: true; false",
                "{\"text_config\": {\"attention_dropout\": 0.1}}; text_config.attention_dropout: 0.1; 0.0",
                "{\"text_config\": {\"sliding_window\": null}}; text_config.sliding_window: ; give a number",
                "{\"text_config\": {\"layer_types\": [\"full_attention\"]}}; text_config.layer_types; 4 names",
                "{\"text_config\": {\"num_hidden_layers\": 5, \"layer_types\": [\"chunked_attention\"]}};"
                        + " text_config.layer_types; sliding_attention, full_attention",
                "{\"text_config\": {\"rope_scaling\": {\"rope_type\": \"yarn\"}}};"
                        + " text_config.rope_scaling.rope_type: \"yarn\"; default, linear",
                "{\"text_config\": {\"rope_parameters\": {\"rope_theta\": 5}}};"
                        + " text_config.rope_parameters.rope_theta: 5; sliding_attention",
                "{\"text_config\": {\"rope_local_base_freq\": 0}}; rope_theta; a number above 0",
                "{\"text_config\": {\"num_attention_heads\": 5}}; text_config.num_attention_heads: 5; a divisor",
                "{\"text_config\": {\"num_key_value_heads\": 3}}; text_config.num_key_value_heads: 3; a divisor",
                "{\"text_config\": {\"head_dim\": 15}}; text_config.head_dim: 15; an even number",
                "{\"mm_tokens_per_image\": 5}; mm_tokens_per_image: 5; square of a divisor of the 4 patches",
                "{\"mm_tokens_per_image\": 9}; mm_tokens_per_image: 9; square of a divisor of the 4 patches",
                "{\"image_token_index\": 640}; image_token_index: 640; 0 to 639",
            })
    void givenAConfigurationThatIsNotSupportedThenKeyAndValueAreNamed(String more, String named, String supported) {
        EditedFixture.copy("gemma3", folder).merged("config.json", more);
        assertThatThrownBy(() -> blueprint(folder))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.ModelUnsupported))
                .message()
                .contains(named, supported);
    }

    @Test
    void givenAStoredHeadBesideATiedOneThenItIsRefused() {
        EditedFixture.copy("gemma3", folder)
                .tensors(tensors -> tensors.put("language_model.lm_head.weight", tensors.get(TABLE)));
        assertThatThrownBy(() -> blueprint(folder))
                .hasMessageContaining("tie_word_embeddings")
                .hasMessageContaining("language_model.lm_head.weight");
    }

    @Test
    void givenAPatternInsteadOfAListThenItSaysWhichLayersSlide() {
        EditedFixture edited = EditedFixture.copy("gemma3", folder).json("config.json", json -> {
            var text = json.withObject("/text_config");
            text.remove("layer_types");
            text.put("sliding_window_pattern", 3);
        });
        List<EncodedSample> samples = fixture.textSamples();
        // Every third layer is the fixture's own list.
        assertThat(Steps.logits(ops, edited.folder(), samples)).isEqualTo(Steps.logits(ops, fixture.folder(), samples));
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void givenSeveralImagesOrTextBeyondTheWindowThenTheLossIsThatOfTransformers(DType precision) {
        double tolerance = precision == DType.F32 ? 2e-6 : 5e-3;
        double two = precision == DType.F32 ? 12.8945951461792 : 12.892762184143066;
        double text = precision == DType.F32 ? 11.280588150024414 : 11.286773681640625;
        EncodedSample pictures = Idefics3FamilyTest.twoPictures(fixture);
        assertThat(pictures.inputIds()).hasSize(45);
        assertThat(Steps.loss(ops, fixture.folder(), precision, List.of(pictures)))
                .isCloseTo(two, within(two * tolerance));
        assertThat(Steps.loss(
                        ops,
                        fixture.folder(),
                        precision,
                        List.of(fixture.textSamples().getLast())))
                .isCloseTo(text, within(text * tolerance));
    }

    @ParameterizedTest
    @ValueSource(strings = {"full", "vision_frozen", "projector_only", "llm_frozen", "prefix_frozen"})
    void givenBFloat16ThenAllModesGiveTheSameBitsCloseToFloat32(String freezeCase) {
        double exact = fixture.expected("batch").path("losses").path(0).asDouble();
        Steps step = Steps.sameInAllModes(
                ops, fixture.folder(), fixture.trainable(freezeCase), DType.BF16, fixture.samples("batch"));
        assertThat(step.loss()).isCloseTo(exact, within(exact * 5e-3));
    }

    @ParameterizedTest
    @CsvSource({"134, false", "135, true", "4096, true"})
    void givenAWindowAsLongAsTheTextThenItIsJustCausal(int window, boolean causal) {
        EditedFixture edited = EditedFixture.copy("gemma3", folder);
        List<EncodedSample> text = fixture.textSamples().subList(1, 2);
        assertThat(text.getFirst().inputIds()).hasSize(135);
        edited.merged("config.json", "{\"text_config\": {\"sliding_window\": 2048}}");
        float[] whole = Steps.logits(ops, folder, text);
        edited.merged("config.json", "{\"text_config\": {\"sliding_window\": " + window + "}}");
        float[] cut = Steps.logits(ops, folder, text);
        if (causal) {
            assertThat(cut).isEqualTo(whole);
        } else {
            assertThat(cut).isNotEqualTo(whole);
        }
    }

    @Test
    void givenTheOtherLinearKernelThenTheLossIsThatOfTransformersToo() {
        try (Ops oneDnn = Ops.start(1, Optional.of(LinearKernel.ONEDNN))) {
            double wanted = fixture.expected("full").path("losses").path(0).asDouble();
            Steps step = Steps.sameInAllModes(
                    oneDnn, fixture.folder(), fixture.trainable("full"), DType.F32, fixture.samples("full"));
            assertThat(step.loss()).isCloseTo(wanted, within(wanted * 2e-6));
            assertThat(step.gradients()).containsKey("multi_modal_projector.mm_input_projection_weight");
        }
    }
}
