package io.vlfinetune.trainer.freeze;

import static io.vlfinetune.trainer.testing.Declarations.freeze;
import static io.vlfinetune.trainer.testing.Declarations.training;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.FreezeRule;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.LayerRange;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Json;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanDocumentTest {
    private static final ModelTensors MODEL = SmallModel.of(12, 2);

    @Test
    void givenNumbersWhenWrittenThenNeighboursAreRanges() {
        assertThat(PlanWriter.ranges(List.of(0, 1, 2, 5))).isEqualTo("0-2,5");
        assertThat(PlanWriter.ranges(List.of(3))).isEqualTo("3");
        assertThat(PlanWriter.ranges(List.of(0, 2, 3, 9, 10, 11))).isEqualTo("0,2-3,9-11");
        assertThat(PlanWriter.ranges(List.of())).isEmpty();
    }

    @Test
    void givenAPlanWhenWrittenThenPartsSumUpAndFrozenLayersAreWholeBlocks() {
        PlanDocument document = document(topVisionBlocks(), "2e-5");

        assertThat(document.totalParameters()).isEqualTo(21 * 6);
        assertThat(document.trainableParameters()).isEqualTo(5 * 6);
        assertThat(document.parts())
                .containsExactly(
                        new PartStatus(Part.VisionTower, 90L, 24L, "0-7", "2e-5"),
                        new PartStatus(Part.Projector, 6L, 6L, null, "2e-5"),
                        new PartStatus(Part.LanguageModel, 30L, 0L, "0-1", null));
        assertThat(document.phases())
                .containsExactly(new PlanDocument.PhasePlan("train", null, 30, 5, document.parts(), null, null));
        assertThat(document.trainablePercent()).isEqualTo("23.81");
        assertThat(document.status(0).trainablePercent()).isEqualTo("23.81");
        assertThat(document.status(0).digest()).isEqualTo(document.digest());
        assertThat(document.status(0).phase()).isNull();
    }

    @Test
    void givenAPlanWhenItBecomesJsonThenTensorsHaveTheNamedFieldsAndNoneThatIsAbsent() throws IOException {
        JsonNode json = Json.strict().readTree(Json.strict().writeValueAsString(document(topVisionBlocks(), "2e-5")));

        assertThat(json.fieldNames())
                .toIterable()
                .containsExactly("digest", "totalParameters", "trainableParameters", "parts", "phases", "tensors");
        JsonNode frozen = find(json, "vision.layers.3");
        assertThat(frozen.fieldNames())
                .toIterable()
                .containsExactly("name", "role", "part", "layer", "shape", "dtype", "trainable", "decidedBy");
        assertThat(frozen.path("layer").asInt()).isEqualTo(3);
        JsonNode trained = find(json, "vision.merger");
        assertThat(trained.toString())
                .isEqualTo(
                        "{\"name\":\"vision.merger\",\"role\":\"Projector\",\"part\":\"Projector\",\"shape\":[2,3],\"dtype\":\"BF16\",\"trainable\":true,\"decidedBy\":\"spec.freeze.projector\",\"learningRate\":\"2e-5\"}");
        assertThat(Json.strict().treeToValue(json, PlanDocument.class)).isEqualTo(document(topVisionBlocks(), "2e-5"));
    }

    @Test
    void givenEqualPlansWhenDigestedThenEqualAndAnyDifferenceShows() {
        String digest = document(topVisionBlocks(), "2e-5").digest();
        assertThat(digest).matches("sha256:[0-9a-f]{64}");
        // The same set of tensors, declared in another way, is the same plan.
        FreezeSpec other = new FreezeSpec(
                false,
                false,
                true,
                List.of(
                        new FreezeRule(Part.VisionTower, null, null, true),
                        new FreezeRule(Part.VisionTower, null, new LayerRange(null, null, 8, 11), false)));
        assertThat(document(other, "2e-5").digest()).isEqualTo(digest);

        assertThat(document(topVisionBlocks(), "3e-5").digest()).isNotEqualTo(digest);
        assertThat(document(FreezeSpec.NOTHING, "2e-5").digest()).isNotEqualTo(digest);
        assertThat(document(topVisionBlocks(), SmallModel.of(12, 3), "{learningRate: '2e-5'}")
                        .digest())
                .isNotEqualTo(digest);
    }

    @Test
    void givenARoleWithoutItsNumberWhenMadeThenItIsRefused() {
        assertThatThrownBy(() -> TensorRole.of(Role.VisionBlock)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> TensorRole.of(Role.Projector, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    private static FreezeSpec topVisionBlocks() {
        return new FreezeSpec(
                true,
                false,
                true,
                List.of(new FreezeRule(Part.VisionTower, null, new LayerRange(null, 4, null, null), false)));
    }

    @Test
    void givenPhasesWhenWrittenThenEachHasItsOwnPartsAndTensorsSayWhichTrainThem() {
        PlanDocument document = document(
                freeze(
                        "{phases: [{name: 'align', until: {steps: 5}, visionTower: true, languageModel: true}, {name: 'joint', visionTower: true}]}"),
                MODEL,
                "{learningRate: '1e-5', partLearningRates: {projector: '1e-3'}}");

        assertThat(document.phases()).extracting(PlanDocument.PhasePlan::name).containsExactly("align", "joint");
        assertThat(document.phases().getFirst().trainableParameters()).isEqualTo(6);
        assertThat(document.trainableParameters()).isEqualTo(36);
        PlanStatus status = document.status(1);
        assertThat(status.phase()).isEqualTo("joint");
        assertThat(status.trainableParameters()).isEqualTo(36);
        assertThat(tensor(document, "vision.merger").phases()).containsExactly("align", "joint");
        assertThat(tensor(document, "vision.merger").learningRate()).isEqualTo("1e-3");
        assertThat(tensor(document, "head").phases()).containsExactly("joint");
        assertThat(tensor(document, "head").decidedBy()).isEqualTo("spec.freeze.phases[1].languageModel");
        assertThat(tensor(document, "vision.norm").phases()).isNull();
    }

    @Test
    void givenLayerDecayWhenWrittenThenRatesFallFromTheTopBlockAndWhatLiesBelowTheBlocksIsOneMore() {
        PlanDocument document = document(
                freeze("{rules: [{tensors: 'vision.layers.10', frozen: false, learningRate: '7e-7'}]}"),
                MODEL,
                "{learningRate: '1e-5', partLearningRates: {visionTower: '1e-6'}, layerDecay: {visionTower: '0.5'}}");

        assertThat(tensor(document, "vision.layers.11").learningRate()).isEqualTo("1e-6");
        assertThat(tensor(document, "vision.layers.9").learningRate()).isEqualTo("2.5e-7");
        assertThat(tensor(document, "vision.patches").learningRate()).isEqualTo("2.44140625e-10");
        assertThat(tensor(document, "vision.norm").learningRate()).isEqualTo("1e-6");
        assertThat(tensor(document, "vision.layers.10").learningRate()).isEqualTo("7e-7");
        assertThat(tensor(document, "head").learningRate()).isEqualTo("1e-5");
        assertThat(document.parts().getFirst().learningRate()).isEqualTo("2.44140625e-10 to 1e-6");
    }

    @Test
    void givenRatesOfAFrozenPartWhenWrittenThenThePlanWarnsByField() {
        PlanDocument document = document(
                topVisionBlocks(),
                MODEL,
                "{partLearningRates: {languageModel: '1e-6'}, layerDecay: {languageModel: '0.5'}}");

        assertThat(document.warnings())
                .containsExactly(
                        "spec.training.partLearningRates.languageModel has no effect: LanguageModel is frozen",
                        "spec.training.layerDecay.languageModel has no effect: LanguageModel is frozen");
    }

    private static PlanDocument.TensorPlan tensor(PlanDocument document, String name) {
        return document.tensors().stream()
                .filter(tensor -> tensor.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static PlanDocument document(FreezeSpec spec, String learningRate) {
        return document(spec, MODEL, "{learningRate: '" + learningRate + "'}");
    }

    private static PlanDocument document(FreezeSpec spec, ModelTensors model, String training) {
        return PlanWriter.write(PhasedPlan.resolve(spec, model), training(training));
    }

    private static JsonNode find(JsonNode plan, String name) {
        for (JsonNode tensor : plan.path("tensors")) {
            if (tensor.path("name").asText().equals(name)) {
                return tensor;
            }
        }
        throw new AssertionError(name);
    }
}
