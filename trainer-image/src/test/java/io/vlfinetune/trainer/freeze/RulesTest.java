package io.vlfinetune.trainer.freeze;

import static io.vlfinetune.trainer.testing.Declarations.freeze;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.api.FreezeRule;
import io.vlfinetune.api.LayerRange;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules that say nothing, or two things at once, and the learning rates they give. */
class RulesTest {
    private static final ModelTensors MODEL = SmallModel.of(12, 2);
    private static final ModelTensors TIED = new ModelTensors(
            MODEL.tensors().stream()
                    .filter(tensor -> tensor.role().role() != Role.OutputHead)
                    .toList(),
            MODEL.read(),
            true);

    private static FreezePlan resolve(String declaration) {
        return FreezePlan.resolve(freeze(declaration), MODEL);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{rules: [{role: 'VisionNorm', frozen: true}, {part: 'VisionTower', frozen: false}]} | spec.freeze.rules[0] has no effect: later rules decide about the one tensor that it selects; put it after them or remove it",
                "{rules: [{part: 'VisionTower', layers: {last: 2}, frozen: true}, {tensors: '*.layers.10', frozen: true}, {part: 'VisionTower', layers: {from: 11, to: 11}, frozen: true}]} | spec.freeze.rules[0] has no effect: later rules decide about all 2 tensors that it selects; put it after them or remove it / spec.freeze.rules[1] changes nothing: without it, the one tensor that it decides about is frozen as well / spec.freeze.rules[2] changes nothing: without it, the one tensor that it decides about is frozen as well",
                "{visionTower: true, rules: [{role: 'VisionBlock', frozen: true}]} | spec.freeze.rules[0] changes nothing: without it, all 12 tensors that it decides about are frozen as well",
                "{rules: [{role: 'Projector', frozen: false, learningRate: '1e-3'}, {tensors: '*merger', frozen: false, learningRate: '1e-3'}]} | spec.freeze.rules[0] has no effect: later rules decide about the one tensor that it selects; put it after them or remove it / spec.freeze.rules[1] changes nothing: without it, the one tensor that it decides about is trained as well"
            })
    void givenRulesWithoutEffectThenThePlanWarnsByName(String declaration, String warnings) {
        assertThat(resolve(declaration).warnings()).containsExactly(warnings.split(" / ", -1));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}",
                "{visionTower: true, rules: [{part: 'VisionTower', layers: {last: 4}, frozen: false}]}",
                // Each narrows the one before it.
                "{rules: [{part: 'VisionTower', frozen: true}, {role: 'VisionBlock', frozen: false}, {tensors: '*.layers.3', frozen: true}]}",
                // Trained either way, but not alike.
                "{rules: [{role: 'Projector', frozen: false, learningRate: '1e-3'}]}",
                "{rules: [{part: 'VisionTower', frozen: false, learningRate: '1e-6'}, {role: 'VisionNorm', frozen: false}]}"
            })
    void givenRulesThatEachDecideSomethingThenNothingIsSaid(String declaration) {
        assertThat(resolve(declaration).warnings()).isEmpty();
    }

    @Test
    void givenARuleWithALearningRateThenItsTensorsHaveItAndTheLastRuleWins() {
        FreezePlan plan = resolve(
                "{rules: [{part: 'VisionTower', frozen: false, learningRate: '1e-6'}, {tensors: '*.layers.1*', frozen: false, learningRate: '2e-6'}, {role: 'VisionNorm', frozen: true}]}");

        assertThat(plan.decision("vision.layers.0")).isEqualTo(new Decision(false, "spec.freeze.rules[0]", "1e-6"));
        assertThat(plan.decision("vision.layers.1")).isEqualTo(new Decision(false, "spec.freeze.rules[1]", "2e-6"));
        assertThat(plan.decision("vision.layers.11")).isEqualTo(new Decision(false, "spec.freeze.rules[1]", "2e-6"));
        assertThat(plan.decision("vision.norm")).isEqualTo(new Decision(true, "spec.freeze.rules[2]", null));
        assertThat(plan.decision("head")).isEqualTo(new Decision(false, "spec.freeze.languageModel", null));
        assertThat(plan.trains("no such tensor")).isFalse();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{part: 'Projector', frozen: true, learningRate: '1e-3'} | .learningRate: a frozen tensor has no learning rate: leave learningRate out or set frozen: false",
                "{role: 'VisionBlock', layers: {last: 1}, frozen: true} | .layers: layers narrows a part: give part instead of role",
                "{tensors: '*', layers: {last: 1}, frozen: true} | .layers: layers narrows a part: give part instead of tensors",
                "{part: 'Projector', tensors: '*', frozen: true} | : a rule selects by exactly one of part, role and tensors",
                "{role: 'Projector', tensors: '*', frozen: true} | : a rule selects by exactly one of part, role and tensors"
            })
    void givenARuleThatContradictsItselfThenTheFieldIsNamed(String rule, String message) {
        refused("{rules: [" + rule + "]}", MODEL, "spec.freeze.rules[0]" + message);
    }

    @Test
    void givenRulesOfAPhaseThatContradictThemselvesThenThePhaseIsNamed() {
        assertThatThrownBy(() -> PhasedPlan.resolve(
                        freeze(
                                "{phases: [{name: 'a', until: {steps: 1}}, {name: 'b', rules: [{tensors: 'nothing', frozen: true}]}]}"),
                        MODEL))
                .hasMessageStartingWith("spec.freeze.phases[1].rules[0].tensors: nothing matches no tensor");
    }

    @Test
    void givenATiedHeadAskedForApartByAnyRuleThenTheOneThatPartsThemIsNamed() {
        String tied =
                ", but in this model both are one tensor, tokens (config.json: tie_word_embeddings); write the same rule for both";
        refused(
                "{rules: [{role: 'OutputHead', frozen: true}, {tensors: 'layers.*', frozen: true}]}",
                TIED,
                "spec.freeze.rules[0]: OutputHead would be frozen and TokenEmbedding trained" + tied);
        // A name means the one tensor there is, so a rule by role after it takes one of the two back.
        refused(
                "{rules: [{tensors: 'tokens', frozen: true}, {role: 'OutputHead', frozen: false}]}",
                TIED,
                "spec.freeze.rules[1]: TokenEmbedding would be frozen and OutputHead trained" + tied);
        refused(
                "{rules: [{role: 'OutputHead', frozen: false, learningRate: '1e-4'}]}",
                TIED,
                "spec.freeze.rules[0]: TokenEmbedding would be trained with its part's learning rate and OutputHead with learning rate 1e-4"
                        + tied);
        refused(
                "{rules: [{role: 'TokenEmbedding', frozen: false, learningRate: '1e-4'}, {role: 'OutputHead', frozen: false, learningRate: '1e-5'}]}",
                TIED,
                "spec.freeze.rules[1]: TokenEmbedding would be trained with learning rate 1e-4 and OutputHead with learning rate 1e-5"
                        + tied);
    }

    @Test
    void givenATiedHeadAndItsNameThenBothRolesFollow() {
        FreezePlan plan = FreezePlan.resolve(
                freeze("{rules: [{role: 'OutputHead', frozen: true}, {tensors: 'tok*', frozen: true}]}"), TIED);
        assertThat(plan.trains("tokens")).isFalse();
        refused(
                "{rules: [{tensors: 'head', frozen: true}]}",
                TIED,
                "spec.freeze.rules[0].tensors: head matches no tensor of this model; the nearest are vision.patches, norm, tokens");
    }

    @Test
    void givenRulesMadeInCodeThenTheyMeanWhatDeclaredOnesDo() {
        FreezeRule rule = new FreezeRule(Part.LanguageModel, null, new LayerRange(1, null, null, null), true);
        assertThat(freeze("{rules: [{part: 'LanguageModel', layers: {first: 1}, frozen: true}]}")
                        .rules())
                .isEqualTo(List.of(rule));
    }

    private static void refused(String declaration, ModelTensors model, String message) {
        assertThatThrownBy(() -> FreezePlan.resolve(freeze(declaration), model))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessage(message);
    }
}
