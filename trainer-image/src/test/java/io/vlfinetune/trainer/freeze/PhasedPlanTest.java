package io.vlfinetune.trainer.freeze;

import static io.vlfinetune.trainer.testing.Declarations.freeze;
import static io.vlfinetune.trainer.testing.Declarations.training;
import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.MemoryStatus;
import io.vlfinetune.api.PhaseEnd;
import io.vlfinetune.trainer.freeze.PhasedPlan.Phase;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Stretches of a run and what each trains, on a made-up model of ten vision and three language blocks. */
class PhasedPlanTest {
    private static final ModelTensors MODEL = SmallModel.of(10, 3);

    private static PhasedPlan resolve(String declaration) {
        return PhasedPlan.resolve(freeze(declaration), MODEL);
    }

    private static List<String> names(PhasedPlan plan) {
        return plan.phases().stream().map(Phase::name).toList();
    }

    @Test
    void givenNoPhasesThenTheRunIsOneThatNeverEnds() {
        PhasedPlan plan = resolve("{visionTower: true, rules: [{role: 'VisionNorm', frozen: false}]}");
        assertThat(plan.phases()).hasSize(1);
        assertThat(plan.phases().getFirst().name()).isEqualTo("train");
        assertThat(plan.phases().getFirst().until()).isNull();
        assertThat(plan.whole()).isEqualTo(plan.phases().getFirst().plan());
    }

    @Test
    void givenPhasesThenEachHasItsSwitchesRulesAndEnd() {
        PhasedPlan plan = resolve(
                "{phases: [{name: 'align', until: {epochs: 1}, visionTower: true, languageModel: true}, {name: 'joint', until: {plateau: {metric: 'a/loss', patience: 2}}, visionTower: true}, {name: 'top', visionTower: true, rules: [{part: 'VisionTower', layers: {last: 4}, frozen: false}]}]}");

        assertThat(names(plan)).containsExactly("align", "joint", "top");
        assertThat(plan.phases().getFirst().plan().trainable()).containsExactly("vision.merger");
        assertThat(plan.phases().get(1).plan().trainable()).hasSize(7);
        assertThat(plan.phases().getLast().plan().trainable())
                .hasSize(11)
                .contains("vision.layers.6", "vision.layers.9")
                .doesNotContain("vision.layers.5");
        assertThat(plan.phases().getFirst().until()).isEqualTo(new PhaseEnd(null, 1, null));
        assertThat(plan.phases().getLast().until()).isNull();
        assertThat(plan.phases().get(2).plan().decision("vision.layers.9").by())
                .isEqualTo("spec.freeze.phases[2].rules[0]");
    }

    @Test
    void givenPhasesThenFrozenOverTheWholeRunIsWhatIsFrozenInEveryOneOfThem() {
        FreezePlan whole = resolve(
                        "{phases: [{name: 'a', until: {steps: 1}, visionTower: true, languageModel: true}, {name: 'b', projector: true, visionTower: true, rules: [{role: 'VisionNorm', frozen: false, learningRate: '1e-7'}]}]}")
                .whole();

        assertThat(whole.trains("vision.merger")).as("in the first phase").isTrue();
        assertThat(whole.decision("vision.merger").by()).isEqualTo("spec.freeze.phases[0].projector");
        assertThat(whole.decision("vision.norm"))
                .as("the first phase that trains it decides")
                .isEqualTo(new Decision(false, "spec.freeze.phases[1].rules[0]", "1e-7"));
        assertThat(whole.trains("head")).isTrue();
        assertThat(whole.frozen())
                .extracting(PlannedTensor::name)
                .hasSize(12)
                .allMatch(name -> name.matches("vision\\.(layers.*|patches|positions)"));
        assertThat(whole.decision("vision.patches").by()).isEqualTo("spec.freeze.phases[0].visionTower");
    }

    @Test
    void givenPhasesWithRulesWithoutEffectThenTheWarningsOfAllPhasesAreThePlans() {
        FreezePlan whole = resolve(
                        "{phases: [{name: 'a', until: {steps: 1}, rules: [{role: 'VisionNorm', frozen: false}]}, {name: 'b', rules: [{role: 'VisionNorm', frozen: false}]}]}")
                .whole();
        assertThat(whole.warnings())
                .containsExactly(
                        "spec.freeze.phases[0].rules[0] changes nothing: without it, the one tensor that it decides about is trained as well",
                        "spec.freeze.phases[1].rules[0] changes nothing: without it, the one tensor that it decides about is trained as well");
    }

    @Test
    void givenProgressiveUnfreezingThenItIsWrittenOutAsPhasesFromTheTopDown() {
        PhasedPlan plan = resolve(
                "{visionTower: true, languageModel: true, progressive: {part: 'VisionTower', layersPerPhase: 4, every: {epochs: 2}}}");

        assertThat(names(plan)).containsExactly("frozen", "last-4", "last-8", "last-10");
        assertThat(plan.phases())
                .extracting(phase -> phase.plan().trainable().size())
                .containsExactly(1, 5, 9, 11);
        PhaseEnd every = new PhaseEnd(null, 2, null);
        assertThat(plan.phases()).extracting(Phase::until).containsExactly(every, every, every, null);
        FreezePlan second = plan.phases().get(1).plan();
        assertThat(second.trainable())
                .containsExactlyInAnyOrder(
                        "vision.merger", "vision.layers.6", "vision.layers.7", "vision.layers.8", "vision.layers.9");
        assertThat(second.decision("vision.layers.6").by()).isEqualTo("spec.freeze.progressive");
        assertThat(second.decision("vision.layers.5").by()).isEqualTo("spec.freeze.visionTower");
        assertThat(plan.whole().decision("vision.layers.0").by()).isEqualTo("spec.freeze.progressive");
        assertThat(plan.whole().trains("vision.norm")).as("no numbered layer").isFalse();
        assertThat(plan.whole().warnings()).isEmpty();
    }

    @Test
    void givenProgressiveUnfreezingOfAsManyLayersAsThereAreThenThereIsOnePhaseMore() {
        assertThat(
                        names(
                                resolve(
                                        "{languageModel: true, progressive: {part: 'LanguageModel', layersPerPhase: 3, every: {steps: 5}}}")))
                .containsExactly("frozen", "last-3");
        assertThat(
                        names(
                                resolve(
                                        "{languageModel: true, progressive: {part: 'LanguageModel', layersPerPhase: 1000, every: {steps: 5}}}")))
                .containsExactly("frozen", "last-3");
    }

    @Test
    void givenProgressiveUnfreezingBesideRulesThenTheyDecideInEveryPhase() {
        PhasedPlan plan = resolve(
                "{languageModel: true, rules: [{part: 'LanguageModel', layers: {last: 1}, frozen: false, learningRate: '1e-7'}, {role: 'OutputHead', frozen: false}, {tensors: 'layers.1', frozen: true}, {role: 'LanguageNorm', frozen: true}],"
                        + " progressive: {part: 'LanguageModel', layersPerPhase: 2, every: {steps: 5}}}");

        assertThat(names(plan)).containsExactly("frozen", "last-2", "last-3");
        assertThat(plan.phases()).allSatisfy(phase -> {
            assertThat(phase.plan().decision("layers.2"))
                    .isEqualTo(new Decision(false, "spec.freeze.rules[0]", "1e-7"));
            assertThat(phase.plan().decision("layers.1")).isEqualTo(new Decision(true, "spec.freeze.rules[2]", null));
            assertThat(phase.plan().decision("head").by()).isEqualTo("spec.freeze.rules[1]");
        });
        assertThat(plan.phases().getLast().plan().decision("layers.0").by()).isEqualTo("spec.freeze.progressive");
        assertThat(plan.whole().trains("layers.1")).isFalse();
        assertThat(plan.whole().warnings())
                .as("the rule about layers.1 changes nothing in the first phase alone")
                .containsExactly(
                        "spec.freeze.rules[3] changes nothing: without it, the one tensor that it decides about is frozen as well");
    }

    @Test
    void givenProgressiveUnfreezingThatRulesTakeBackThenThePlanWarns() {
        PhasedPlan plan = resolve(
                "{languageModel: true, rules: [{role: 'LanguageBlock', frozen: true}], progressive: {part: 'LanguageModel', layersPerPhase: 2, every: {steps: 5}}}");

        assertThat(plan.whole().trainable()).doesNotContain("layers.0", "layers.1", "layers.2");
        assertThat(plan.whole().warnings())
                .containsExactly(
                        "spec.freeze.progressive has no effect: later rules decide about all 3 tensors that it selects; narrow them or remove it");
    }

    @Test
    void givenPhasesThenEqualDeclarationsHaveEqualDigestsAndOtherEndsOthers() {
        String declared =
                "{phases: [{name: 'a', until: {steps: %d}, visionTower: true}, {name: 'b', projector: true}]}";
        assertThat(digest(declared.formatted(1))).isEqualTo(digest(declared.formatted(1)));
        assertThat(digest(declared.formatted(1))).isNotEqualTo(digest(declared.formatted(2)));
        assertThat(digest("{visionTower: true}")).isNotEqualTo(digest(declared.formatted(1)));
        // Written out by hand, progressive unfreezing is the same plan.
        assertThat(
                        digest(
                                "{languageModel: true, progressive: {part: 'LanguageModel', layersPerPhase: 3, every: {steps: 5}}}"))
                .isEqualTo(
                        digest(
                                "{phases: [{name: 'frozen', until: {steps: 5}, languageModel: true}, {name: 'last-3', languageModel: true, rules: [{role: 'LanguageBlock', frozen: false}]}]}"));
    }

    private static String digest(String declaration) {
        return document(declaration).digest();
    }

    private static PlanDocument document(String declaration) {
        return PlanWriter.write(resolve(declaration), training("{}"));
    }

    @Test
    void givenAnEstimateOfEachPhaseThenItStandsInThePhaseAndItsStatus() {
        PlanDocument document =
                document("{phases: [{name: 'a', until: {steps: 1}, visionTower: true}, {name: 'b', projector: true}]}");
        List<MemoryStatus> estimates = Stream.of(1L, 2L)
                .map(total -> new MemoryStatus(total, total, total, total, total, total))
                .toList();
        PlanDocument estimated = document.with(estimates);

        assertThat(document.status(0).memoryBytes()).isNull();
        assertThat(Objects.requireNonNull(estimated.status(1).memoryBytes())).isEqualTo(estimates.getLast());
        assertThat(estimated.status(1).phase()).isEqualTo("b");
        assertThat(estimated.with(List.of(estimates.getFirst(), estimates.getLast())))
                .isEqualTo(estimated);
        assertThat(estimated.digest()).isEqualTo(document.digest());
        assertThat(document("{}").status(0).phase()).as("a run without phases").isNull();
    }
}
