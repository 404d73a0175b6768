package io.vlfinetune.trainer.freeze;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.api.FreezeRule;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.LayerRange;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a declaration trains, on a made-up model of twelve vision blocks and two language blocks. */
class FreezePlanTest {
    private static final FreezeSpec EVERYTHING = new FreezeSpec(true, true, true, List.of());
    private static final ModelTensors MODEL = SmallModel.of(12, 2);

    @ParameterizedTest(name = "visionTower {0}, projector {1}, languageModel {2}")
    @CsvSource({
        "false, false, false, 21",
        "true, false, false, 6",
        "false, true, false, 20",
        "false, false, true, 16",
        "true, false, true, 1",
        "true, true, false, 5",
        "false, true, true, 15"
    })
    void givenSwitchesWhenResolvedThenExactlyTheOtherPartsAreTrained(
            boolean visionTower, boolean projector, boolean languageModel, int trained) {
        // The made-up model has 15 vision, 1 projector and 5 language tensors.
        FreezePlan plan = resolve(new FreezeSpec(visionTower, projector, languageModel, List.of()));

        assertThat(plan.trainable()).hasSize(trained);
        for (PlannedTensor tensor : MODEL.tensors()) {
            boolean frozen = switch (tensor.role().part()) {
                case VisionTower -> visionTower;
                case Projector -> projector;
                case LanguageModel -> languageModel;
            };
            assertThat(plan.trains(tensor.name())).as(tensor.name()).isEqualTo(!frozen);
        }
        assertThat(plan.frozen())
                .hasSize(MODEL.tensors().size() - plan.trainable().size());
    }

    @ParameterizedTest(name = "first {0}, last {1}, from {2} to {3}")
    @CsvSource({",4,,,'8,9,10,11'", "2,,,,'0,1'", ",,9,10,'9,10'", "1,,,,'0'"})
    void givenLayersWhenResolvedThenThoseNumbersAndNothingElse(
            @Nullable Integer first,
            @Nullable Integer last,
            @Nullable Integer from,
            @Nullable Integer to,
            String layers) {
        FreezePlan plan = resolve(EVERYTHING, unfreeze(Part.VisionTower, range(first, last, from, to)));
        Set<String> expected = new TreeSet<>();
        for (String layer : layers.split(",", -1)) {
            expected.add("vision.layers." + layer);
        }
        assertThat(plan.trainable()).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void givenARoleWhenResolvedThenItsTensorsAlone() {
        assertThat(resolve(EVERYTHING, unfreeze(Role.OutputHead)).trainable()).containsExactly("head");
        FreezePlan plan = resolve(FreezeSpec.NOTHING, new FreezeRule(null, Role.LanguageBlock, null, true));
        assertThat(plan.frozen()).extracting(PlannedTensor::name).containsExactly("layers.0", "layers.1");
    }

    @Test
    void givenSeveralRulesForATensorWhenResolvedThenTheLastOneDecides() {
        FreezeRule part = unfreeze(Part.VisionTower, null);
        FreezeRule norm = new FreezeRule(null, Role.VisionNorm, null, true);

        assertThat(resolve(EVERYTHING, part, norm).trainable()).hasSize(14).doesNotContain("vision.norm");
        assertThat(resolve(EVERYTHING, norm, part).trainable()).hasSize(15).contains("vision.norm");
    }

    @Test
    void givenAPlanWhenCountedThenParametersAreThoseOfTheTensors() {
        FreezePlan plan = resolve(new FreezeSpec(true, false, true, List.of()));
        assertThat(plan.trainableParameters()).isEqualTo(6);
        assertThat(plan.totalParameters()).isEqualTo(6L * MODEL.tensors().size());
    }

    @Test
    void givenEverythingFrozenWhenResolvedThenItIsRefused() {
        refused(
                "spec.freeze: the plan trains nothing, all 21 tensors are frozen; leave a part unfrozen or add a rule with frozen: false",
                EVERYTHING);
    }

    @Test
    void givenOnlyTensorsTheModelDoesNotReadWhenResolvedThenItIsRefused() {
        refused(
                "spec.freeze: the plan trains nothing, since the model reads none of the trainable tensors (vision.layers.11 …); unfreeze a part that the model reads",
                EVERYTHING,
                unfreeze(Part.VisionTower, range(null, 1, null, null)),
                new FreezeRule(Part.LanguageModel, null, null, true));
    }

    @Test
    void givenARuleThatMatchesNothingWhenResolvedThenWhatThereIsIsNamed() {
        FreezeSpec spec = new FreezeSpec(false, false, false, List.of(unfreeze(Role.OutputHead)));
        assertThatThrownBy(() -> FreezePlan.resolve(spec, withoutHead(false)))
                .hasMessage(
                        "spec.freeze.rules[0].role: OutputHead matches no tensor of this model; it has PatchEmbedding, VisionPosition, VisionBlock, VisionNorm, Projector, TokenEmbedding, LanguageBlock, LanguageNorm");
    }

    /** A model without an output head of its own: one that has none at all, or whose embedding is its head. */
    private static ModelTensors withoutHead(boolean tied) {
        return new ModelTensors(
                MODEL.tensors().stream()
                        .filter(tensor -> tensor.role().role() != Role.OutputHead)
                        .toList(),
                MODEL.read(),
                tied);
    }

    @ParameterizedTest(name = "languageModel {0}, rule {1} frozen {2}")
    @CsvSource({
        "false, OutputHead, true, OutputHead, TokenEmbedding",
        "false, TokenEmbedding, true, TokenEmbedding, OutputHead",
        "true, OutputHead, false, TokenEmbedding, OutputHead",
        "true, TokenEmbedding, false, OutputHead, TokenEmbedding"
    })
    void givenATiedHeadAndARuleForOneOfItsRolesWhenResolvedThenBothAreNamed(
            boolean languageModel, Role role, boolean frozen, Role left, Role trained) {
        FreezeRule other = new FreezeRule(Part.Projector, null, null, false);
        FreezeRule rule = new FreezeRule(null, role, null, frozen);
        FreezeSpec spec = new FreezeSpec(false, false, languageModel, List.of(rule, other));
        assertThatThrownBy(() -> FreezePlan.resolve(spec, withoutHead(true)))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessage(
                        "spec.freeze.rules[0]: " + left + " would be frozen and " + trained
                                + " trained, but in this model both are one tensor, tokens (config.json: tie_word_embeddings); write the same rule for both");
    }

    @Test
    void givenATiedHeadAndTheSameRuleForBothRolesWhenResolvedThenTheOneTensorFollows() {
        ModelTensors tied = withoutHead(true);
        FreezeSpec unfrozen =
                new FreezeSpec(true, true, true, List.of(unfreeze(Role.TokenEmbedding), unfreeze(Role.OutputHead)));
        assertThat(FreezePlan.resolve(unfrozen, tied).trainable()).containsExactly("tokens");
        FreezeSpec frozen = new FreezeSpec(
                true,
                true,
                false,
                List.of(
                        new FreezeRule(null, Role.TokenEmbedding, null, true),
                        new FreezeRule(null, Role.OutputHead, null, true)));
        assertThat(FreezePlan.resolve(frozen, tied).trainable())
                .containsExactlyInAnyOrder("layers.0", "layers.1", "norm");
        FreezeSpec same = new FreezeSpec(true, false, true, List.of(new FreezeRule(null, Role.OutputHead, null, true)));
        assertThat(FreezePlan.resolve(same, tied).trainable()).containsExactly("vision.merger");
    }

    @Test
    void givenAmbiguousRulesWhenResolvedThenTheFieldIsNamed() {
        FreezeRule good = unfreeze(Role.VisionNorm);
        refused(
                "spec.freeze.rules[1]: a rule selects by exactly one of part, role and tensors",
                EVERYTHING,
                good,
                new FreezeRule(null, null, null, false));
        refused(
                "spec.freeze.rules[0]: a rule selects by exactly one of part, role and tensors",
                EVERYTHING,
                new FreezeRule(Part.Projector, Role.Projector, null, false));
        refused(
                "spec.freeze.rules[0].layers: layers narrows a part: give part instead of role",
                EVERYTHING,
                new FreezeRule(null, Role.VisionBlock, range(1, null, null, null), false));
        refused(
                "spec.freeze.rules[0].layers: Projector has no numbered layers; leave layers out",
                EVERYTHING,
                unfreeze(Part.Projector, range(1, null, null, null)));
        refused(
                "spec.freeze.rules[0].frozen: say whether the selected tensors are frozen: true or false",
                EVERYTHING,
                new FreezeRule(Part.Projector, null, null, null));
    }

    @ParameterizedTest(name = "first {0}, last {1}, from {2} to {3}")
    @CsvSource({",,,", "1,1,,", ",,1,", ",,,1", "1,,1,2"})
    void givenLayersThatAreNoRangeWhenResolvedThenTheFieldIsNamed(
            @Nullable Integer first, @Nullable Integer last, @Nullable Integer from, @Nullable Integer to) {
        refused(
                "spec.freeze.rules[0].layers: give exactly one of first, last, and from with to",
                EVERYTHING,
                unfreeze(Part.VisionTower, range(first, last, from, to)));
    }

    @ParameterizedTest(name = "first {0}, last {1}, from {2} to {3}")
    @CsvSource({
        "13,,,,first: 13",
        ",13,,,last: 13",
        ",,11,12,'from: 11, to: 12'",
        ",,3,2,'from: 3, to: 2'",
        "0,,,,first: 0"
    })
    void givenLayersBeyondTheModelWhenResolvedThenTheNearestAreNamed(
            @Nullable Integer first,
            @Nullable Integer last,
            @Nullable Integer from,
            @Nullable Integer to,
            String words) {
        refused(
                "spec.freeze.rules[0].layers: " + words
                        + " reaches beyond the 12 layers of VisionTower; the nearest are 0 to 11",
                EVERYTHING,
                unfreeze(Part.VisionTower, range(first, last, from, to)));
    }

    private static LayerRange range(
            @Nullable Integer first, @Nullable Integer last, @Nullable Integer from, @Nullable Integer to) {
        return new LayerRange(first, last, from, to);
    }

    private static FreezeRule unfreeze(Part part, @Nullable LayerRange layers) {
        return new FreezeRule(part, null, layers, false);
    }

    private static FreezeRule unfreeze(Role role) {
        return new FreezeRule(null, role, null, false);
    }

    private static FreezePlan resolve(FreezeSpec switches, FreezeRule... rules) {
        return FreezePlan.resolve(
                new FreezeSpec(switches.visionTower(), switches.projector(), switches.languageModel(), List.of(rules)),
                MODEL);
    }

    private static void refused(String message, FreezeSpec switches, FreezeRule... rules) {
        assertThatThrownBy(() -> resolve(switches, rules))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessage(message);
    }
}
