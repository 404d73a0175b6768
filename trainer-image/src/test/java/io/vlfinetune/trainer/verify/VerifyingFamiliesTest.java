package io.vlfinetune.trainer.verify;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.Part;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every family: the same model in every form in which a tool may store it, and one bit that is another. */
class VerifyingFamiliesTest {
    private static final FreezeSpec PROJECTOR_ONLY = new FreezeSpec(true, false, true, List.of());

    @TempDir
    private Path folder;

    static List<String> families() {
        return FamilyFixture.ALL;
    }

    @ParameterizedTest
    @MethodSource("families")
    void givenTheBaseModelItselfThenEveryTensorIsBitIdentical(String family) throws IOException {
        TunedModel model = TunedModel.of(family, folder);

        Verification held = model.verify(PROJECTOR_ONLY);
        Verification told = model.verify(null);

        assertThat(held.holds()).isTrue();
        assertThat(held.with(Likeness.Identical))
                .hasSize(new FamilyFixture(family).roles().size());
        assertThat(held.parts()).allSatisfy(part -> {
            VerifiedGroup.Declared counts = part.declared();
            assertThat(counts).isNotNull();
            assertThat(counts.frozen()).isEqualTo(part.part() == Part.Projector ? 0 : part.tensors());
            assertThat(counts.frozenIdentical()).isEqualTo(counts.frozen());
            assertThat(counts.trainable()).isEqualTo(part.tensors() - counts.frozen());
            assertThat(counts.trainableChanged()).isZero();
        });
        assertThat(told.holds()).isNull();
        assertThat(told.layers())
                .allSatisfy(layer -> assertThat(layer.identical()).isEqualTo(layer.tensors()));
        assertThat(told.layers().stream().mapToInt(VerifiedGroup::tensors).sum())
                .isEqualTo(told.tensors().size());
    }

    @ParameterizedTest
    @MethodSource("families")
    void givenOneBitOfAFrozenTensorThenThisTensorAloneLeaked(String family) throws IOException {
        String name = new FamilyFixture(family)
                .roles().entrySet().stream()
                        .filter(tensor -> tensor.getValue().equals("vision.blocks"))
                        .map(Map.Entry::getKey)
                        .findFirst()
                        .orElseThrow();
        TunedModel model = TunedModel.of(family, folder).flip(name);

        Verification held = model.verify(PROJECTOR_ONLY);

        assertThat(held.holds()).isFalse();
        assertThat(held.leaked()).containsExactly(name);
        VerifiedTensor leak = TunedModel.tensor(held, name);
        assertThat(leak.likeness()).isEqualTo(Likeness.Changed);
        assertThat(leak.layer()).isZero();
        assertThat(leak.differingElements()).isEqualTo(1);
        assertThat(leak.largestDifference()).isPositive();
    }

    @ParameterizedTest
    @MethodSource("families")
    void givenEverythingAsFloat32ThenItIsReportedAndNoLeak(String family) throws IOException {
        TunedModel model = TunedModel.of(family, folder);
        String stored;
        try (Checkpoint base = Checkpoint.open(model.base())) {
            stored = base.tensors().firstEntry().getValue().dtype().name();
        }
        model.copy().withTensors(tensors -> tensors.replaceAll((name, content) -> TunedModel.upcast(content)));

        Verification held = model.verify(PROJECTOR_ONLY);

        assertThat(held.holds()).isTrue();
        assertThat(held.tensors()).allSatisfy(tensor -> {
            assertThat(tensor.likeness()).isEqualTo(Likeness.StoredOtherwise);
            assertThat(tensor.dtype()).isEqualTo(stored);
            assertThat(tensor.tunedDtype()).isEqualTo("F32");
        });
    }

    @ParameterizedTest
    @MethodSource("families")
    void givenOtherFilesInAnotherOrderThenNothingChanged(String family) throws IOException {
        Verification held = TunedModel.of(family, folder).resharded().verify(PROJECTOR_ONLY);
        assertThat(held.holds()).isTrue();
        assertThat(held.with(Likeness.Identical)).hasSize(held.tensors().size());
    }

    static Stream<Arguments> layouts() {
        Map<String, String> nested = new TreeMap<>(Map.of(
                "vision_tower.", "model.vision_tower.",
                "vision_tower.vision_model.", "model.vision_tower.",
                "multi_modal_projector.", "model.multi_modal_projector.",
                "language_model.model.", "model.language_model.",
                "language_model.lm_head.", "lm_head.",
                "image_newline", "model.image_newline"));
        Map<String, String> halfNested = new TreeMap<>(nested);
        halfNested.put("vision_tower.vision_model.", "model.vision_tower.vision_model.");
        Map<String, String> flatTower = Map.of("vision_tower.vision_model.", "vision_tower.");
        Map<String, String> qwenNested = Map.of("visual.", "model.visual.", "model.", "model.language_model.");
        Map<String, String> qwenPlain = Map.of("model.visual.", "visual.", "model.language_model.", "model.");
        return Stream.of(
                Arguments.of("llava", nested),
                Arguments.of("llava", halfNested),
                Arguments.of("llava", flatTower),
                Arguments.of("llava_next", nested),
                Arguments.of("llava_next", halfNested),
                Arguments.of("internvl", nested),
                Arguments.of("gemma3", nested),
                Arguments.of("gemma3", halfNested),
                Arguments.of("qwen2_vl", qwenNested),
                Arguments.of("qwen2_5_vl", qwenNested),
                Arguments.of("qwen3_vl", qwenPlain));
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void givenTheOtherKeyLayoutThenEachTensorIsFoundAgainWhicheverSideHasIt(String family, Map<String, String> layout)
            throws IOException {
        TunedModel model = TunedModel.of(family, folder).renamed(name -> renamed(name, layout));

        Verification there = model.verify(PROJECTOR_ONLY);
        Verification back = Verifying.verify(
                new Verifying.Request(model.copy().folder(), model.base(), PROJECTOR_ONLY, ""), (done, all) -> {});

        for (Verification held : List.of(there, back)) {
            assertThat(held.holds()).isTrue();
            assertThat(held.with(Likeness.Identical)).hasSize(held.tensors().size());
            assertThat(held.added()).isEmpty();
            assertThat(held.tensors())
                    .anySatisfy(
                            tensor -> assertThat(tensor.tunedName()).isNotNull().isNotEqualTo(tensor.name()));
        }
    }

    /** The longest prefix that fits is replaced. */
    private static String renamed(String name, Map<String, String> layout) {
        return new TreeMap<>(layout)
                .descendingMap().entrySet().stream()
                        .filter(prefix -> name.startsWith(prefix.getKey()))
                        .findFirst()
                        .map(prefix -> prefix.getValue()
                                + name.substring(prefix.getKey().length()))
                        .orElse(name);
    }
}
