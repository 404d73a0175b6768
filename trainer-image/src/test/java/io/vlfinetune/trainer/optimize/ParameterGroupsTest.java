package io.vlfinetune.trainer.optimize;

import static io.vlfinetune.trainer.testing.Declarations.freeze;
import static io.vlfinetune.trainer.testing.Declarations.training;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.vlfinetune.api.Part;
import io.vlfinetune.trainer.PlannedModel;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.testing.LlavaFixture;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every trained tensor in exactly one group, with the rate that was declared for it. */
class ParameterGroupsTest {
    private static final String HEAD = "language_model.lm_head.weight";
    private static final String EMBEDDING = "language_model.model.embed_tokens.weight";
    private static final String NORM = "language_model.model.norm.weight";
    private static final String TOP = "language_model.model.layers.3.mlp.up_proj.weight";
    private static final String BOTTOM = "language_model.model.layers.0.mlp.up_proj.weight";
    private static final String PROJECTOR = "multi_modal_projector.linear_1.weight";
    private static final String TOWER = "vision_tower.vision_model.encoder.layers.";
    private static final String PATCHES = "vision_tower.vision_model.embeddings.patch_embedding.weight";

    private static FreezePlan plan(String declaration) {
        try (PlannedModel planned = PlannedModel.open(LlavaFixture.folder(), freeze(declaration))) {
            return planned.plan();
        }
    }

    private static ParameterGroup group(String... tensors) {
        return new ParameterGroup(Part.Projector, 1e-3, 0, List.of(tensors));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{visionTower: true}",
                "{visionTower: true, languageModel: true}",
                "{visionTower: true, rules: [{part: 'VisionTower', layers: {last: 2}, frozen: false, learningRate: '1e-6'}, {tensors: '*.bias', frozen: true}]}"
            })
    void givenAPlanThenEachTrainableTensorIsInExactlyOneGroup(String declaration) {
        FreezePlan plan = plan(declaration);
        Collection<String> trained = plan.trainable();
        ParameterGroups groups = ParameterGroups.of(
                plan,
                training(
                        "{learningRate: '1e-3', partLearningRates: {projector: '1e-2'}, layerDecay: {visionTower: '0.9', languageModel: '0.8'}, weightDecay: '0.1'}"),
                trained,
                Set.of(NORM));

        List<String> members = trained.stream()
                .map(groups::of)
                .distinct()
                .flatMap(group -> group.tensors().stream())
                .toList();
        assertThat(members).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(trained);
        for (String tensor : trained) {
            assertThat(groups.of(tensor).tensors()).contains(tensor);
            assertThat(groups.of(tensor).weightDecay()).as(tensor).isEqualTo(tensor.equals(NORM) ? 0 : 0.1);
        }
        assertThat(groups.highest().keySet())
                .isEqualTo(new TreeSet<>(
                        List.of(Part.values()).stream().filter(plan::trains).toList()));
    }

    @Test
    void givenATensorInTwoGroupsThenItIsRefused() {
        assertThatThrownBy(() -> new ParameterGroups(List.of(group("a", "b"), group("b")), List.of("a", "b")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor b is in two parameter groups");
        assertThatThrownBy(() -> new ParameterGroups(List.of(group("a", "a")), List.of("a")))
                .hasMessage("tensor a is in two parameter groups");
    }

    @Test
    void givenATrainedTensorInNoGroupOrAFrozenOneInOneThenItIsRefused() {
        assertThatThrownBy(() -> new ParameterGroups(List.of(group("a", "c")), List.of("b", "a")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("in no parameter group: [b]; in one though frozen: [c]");
        // The plan freezes the tower, and something would train a tensor of it all the same.
        assertThatThrownBy(() -> ParameterGroups.of(
                        plan("{visionTower: true}"), training("{}"), List.of(PROJECTOR, PATCHES), Set.of()))
                .hasMessage("in no parameter group: [" + PATCHES + "]; in one though frozen: []");
    }

    @Test
    void givenATrainableTensorThatTheModelDoesNotReadThenItIsInNoGroup() {
        ParameterGroups groups = ParameterGroups.of(plan("{}"), training("{}"), List.of(PROJECTOR), Set.of());
        assertThat(groups.of(PROJECTOR).tensors()).containsExactly(PROJECTOR);
        assertThatThrownBy(() -> groups.of(HEAD))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor " + HEAD + " is in no parameter group");
    }

    @Test
    void givenRatesByPartAndLayerThenEachTensorHasItsOwnAndThePartsHighestIsTold() {
        FreezePlan plan = plan("{rules: [{tensors: '" + TOWER
                + "1.*', frozen: false, learningRate: '7e-3'}, {role: 'LanguageNorm', frozen: true}]}");
        ParameterGroups groups = ParameterGroups.of(
                plan,
                training(
                        "{learningRate: '1e-3', partLearningRates: {projector: '1e-2', visionTower: '2e-3'}, layerDecay: {visionTower: '0.5'}}"),
                plan.trainable(),
                Set.of());

        assertThat(groups.of(PROJECTOR).learningRate()).isEqualTo(1e-2);
        assertThat(groups.of(HEAD).learningRate()).isEqualTo(1e-3);
        assertThat(groups.of(BOTTOM).learningRate()).isEqualTo(1e-3);
        assertThat(groups.of(TOWER + "3.mlp.fc1.weight").learningRate()).isEqualTo(2e-3);
        assertThat(groups.of(TOWER + "2.mlp.fc1.weight").learningRate()).isEqualTo(1e-3);
        assertThat(groups.of(TOWER + "1.mlp.fc1.weight").learningRate())
                .as("layer decay leaves it alone")
                .isEqualTo(7e-3);
        assertThat(groups.of(TOWER + "0.mlp.fc1.weight").learningRate()).isEqualTo(2.5e-4);
        assertThat(groups.of(PATCHES).learningRate()).isEqualTo(1.25e-4);
        // Below the first block though no embedding, and above the last one though not read.
        assertThat(groups.of("vision_tower.vision_model.pre_layrnorm.weight").learningRate())
                .isEqualTo(1.25e-4);
        assertThat(groups.of("vision_tower.vision_model.post_layernorm.weight").learningRate())
                .isEqualTo(2e-3);
        assertThat(groups.highest())
                .isEqualTo(Map.of(Part.VisionTower, 7e-3, Part.Projector, 1e-2, Part.LanguageModel, 1e-3));
    }

    @Test
    void givenLayerDecayOfTheLanguageModelThenEmbeddingsAreALayerBelowAndNormAndHeadAreTheTop() {
        FreezePlan plan = plan("{}");
        ParameterGroups groups = ParameterGroups.of(
                plan, training("{learningRate: '1', layerDecay: {languageModel: '0.1'}}"), plan.trainable(), Set.of());
        assertThat(groups.of(HEAD).learningRate()).isEqualTo(1);
        assertThat(groups.of(NORM).learningRate()).isEqualTo(1);
        assertThat(groups.of(TOP).learningRate()).isEqualTo(1);
        assertThat(groups.of(BOTTOM).learningRate()).isCloseTo(1e-3, within(1e-15));
        assertThat(groups.of(EMBEDDING).learningRate()).isCloseTo(1e-4, within(1e-15));
        assertThat(groups.of(PROJECTOR).learningRate()).isEqualTo(1);
    }

    @Test
    void givenNormsOfTensorsThenAPartsIsThatOfAllItsGradientsTogether() {
        ParameterGroups groups = new ParameterGroups(
                List.of(
                        new ParameterGroup(Part.LanguageModel, 1, 0, List.of("a", "b")),
                        new ParameterGroup(Part.LanguageModel, 2, 0, List.of("c")),
                        new ParameterGroup(Part.Projector, 1, 0, List.of("d")),
                        new ParameterGroup(Part.VisionTower, 1, 0, List.of("e"))),
                List.of("a", "b", "c", "d", "e"));
        Map<Part, Double> norms = groups.byPart(Map.of("a", 2.0, "b", 3.0, "c", 6.0, "d", 5.0));
        assertThat(norms)
                .as("a part without gradients is absent")
                .isEqualTo(Map.of(Part.LanguageModel, 7.0, Part.Projector, 5.0));
        assertThat(groups.byPart(Map.of())).isEmpty();
    }
}
