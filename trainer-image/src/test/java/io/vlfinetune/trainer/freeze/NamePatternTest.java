package io.vlfinetune.trainer.freeze;

import static io.vlfinetune.trainer.testing.Declarations.freeze;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tensors by name: the whole name matches or none of it. */
class NamePatternTest {
    @ParameterizedTest(name = "{0} and {1}: {2}")
    @CsvSource({
        "a.b, a.b, true",
        "a.b, a.bc, false",
        "a.b, xa.b, false",
        "*, a.b, true",
        "a*, a, true",
        "*a, a, true",
        "a.*, a.b.c, true",
        "a.*, a, false",
        "*.c, a.b.c, true",
        "*.c, a.b.cc, false",
        "a*a, a, false",
        "a*a, aa, true",
        "ab*ba, aba, false",
        "*.layers.1.*, m.layers.1.w, true",
        "*.layers.1.*, m.layers.10.w, false",
        "*.layers.1.*, m.layers.21.w, false",
        "*.layers.1.*, layers.1.w, false",
        "a*b*c, a1b2c, true",
        "a*b*c, a1c2b, false",
        "a*b*c, abc, true",
        "a*bb*bc, abbc, false",
        "a*bb*bc, abbbc, true",
        "a*b*b*c, a.b.c, false",
        "a*b*b*c, a.b.b.c, true",
        "*.mlp.*.weight, m.layers.0.mlp.up.weight, true",
        "*.mlp.*.weight, m.layers.0.mlp.weight, false",
        "a**b, ab, true",
        "a.b, a+b, false",
        "a.?, a.b, false"
    })
    void givenAPatternThenStarsStandForAnyCharactersAndAllElseForItself(String pattern, String name, boolean matches) {
        assertThat(new NamePattern(pattern).matches(name)).isEqualTo(matches);
    }

    private static final ModelTensors MODEL = SmallModel.of(12, 2);

    @Test
    void givenARuleByNameThenLayerOneIsNotLayerTen() {
        FreezePlan plan = FreezePlan.resolve(
                freeze(
                        "{visionTower: true, projector: true, languageModel: true, rules: [{tensors: '*.layers.1', frozen: false}]}"),
                MODEL);
        assertThat(plan.trainable()).containsExactly("vision.layers.1");
        assertThat(plan.decision("vision.layers.1").by()).isEqualTo("spec.freeze.rules[0]");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "vision.layer.11, 'vision.layers.11, vision.layers.1, vision.layers.10'",
        "vision.merge, 'vision.merger, vision.layers.0, vision.layers.1'",
        "lm_head*, 'head, vision.patches, layers.0'"
    })
    void givenAPatternThatMatchesNothingThenTheNearestKeysAreNamed(String pattern, String nearest) {
        assertThatThrownBy(() ->
                        FreezePlan.resolve(freeze("{rules: [{tensors: '" + pattern + "', frozen: true}]}"), MODEL))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessage("spec.freeze.rules[0].tensors: " + pattern
                        + " matches no tensor of this model; the nearest are " + nearest);
    }

    @Test
    void givenAModelWithFewerTensorsThanAreNamedThenAllOfThemAre() {
        ModelTensors one = new ModelTensors(
                List.of(new PlannedTensor("only", TensorRole.of(Role.Projector), List.of(1L), "F32")),
                Set.of("only"),
                false);
        assertThatThrownBy(() -> FreezePlan.resolve(freeze("{rules: [{tensors: 'x', frozen: false}]}"), one))
                .hasMessageEndingWith("x matches no tensor of this model; the nearest are only");
    }

    /** As Qwen2.5-VL: published with the tower beside the decoder, saved by transformers 5 with both under model. */
    private static String layoutFree(String name) {
        if (name.startsWith("model.visual.") || name.startsWith("model.language_model.")) {
            return name.substring("model.".length());
        }
        return name.startsWith("model.") ? "language_" + name : name;
    }

    private static final List<String> OLD = List.of(
            "lm_head.weight",
            "model.layers.1.mlp.weight",
            "model.layers.10.mlp.weight",
            "visual.blocks.1.weight",
            "visual.merger.weight");
    private static final List<String> NEW = List.of(
            "lm_head.weight",
            "model.language_model.layers.1.mlp.weight",
            "model.language_model.layers.10.mlp.weight",
            "model.visual.blocks.1.weight",
            "model.visual.merger.weight");

    private static ModelTensors model(List<String> names) {
        List<Role> roles =
                List.of(Role.OutputHead, Role.LanguageBlock, Role.LanguageBlock, Role.VisionBlock, Role.Projector);
        List<Integer> layers = List.of(-1, 1, 10, 1, -1);
        List<PlannedTensor> tensors = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            tensors.add(
                    new PlannedTensor(names.get(i), TensorRole.of(roles.get(i), layers.get(i)), List.of(1L), "BF16"));
        }
        return new ModelTensors(tensors, Set.copyOf(names), false).spelled(NamePatternTest::layoutFree);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "visual.merger.*, 4",
        "model.visual.merger.*, 4",
        "model.layers.1.*, 1",
        "model.language_model.layers.1.*, 1",
        "model.language_model.*, 1 2",
        "*.layers.1.*, 1",
        "lm_head.weight, 0",
        "visual.*, 3 4"
    })
    void givenAPatternInEitherKeyLayoutThenItMeansTheSameTensorsInBoth(String pattern, String selected) {
        for (List<String> names : List.of(OLD, NEW)) {
            FreezePlan plan = FreezePlan.resolve(
                    freeze(
                            "{visionTower: true, projector: true, languageModel: true, rules: [{tensors: '%s', frozen: false}]}"
                                    .formatted(pattern)),
                    model(names));
            Set<String> expected = List.of(selected.split(" ", -1)).stream()
                    .map(number -> names.get(Integer.parseInt(number)))
                    .collect(Collectors.toSet());
            assertThat(plan.trainable()).isEqualTo(expected);
        }
    }
}
