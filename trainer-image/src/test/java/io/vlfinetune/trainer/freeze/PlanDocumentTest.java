package io.vlfinetune.trainer.freeze;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.FreezeRule;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.LayerRange;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Json;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanDocumentTest {
    private static final ModelTensors MODEL = SmallModel.of(12, 2);

    @Test
    void givenNumbersWhenWrittenThenNeighboursAreRanges() {
        assertThat(PlanDocument.ranges(List.of(0, 1, 2, 5))).isEqualTo("0-2,5");
        assertThat(PlanDocument.ranges(List.of(3))).isEqualTo("3");
        assertThat(PlanDocument.ranges(List.of(0, 2, 3, 9, 10, 11))).isEqualTo("0,2-3,9-11");
        assertThat(PlanDocument.ranges(List.of())).isEmpty();
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
        assertThat(document.phases()).containsExactly(new PlanDocument.PhasePlan("train", 30, 5));
        assertThat(document.status().trainablePercent()).isEqualTo("23.81");
        assertThat(document.status().digest()).isEqualTo(document.digest());
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
                .containsExactly("name", "role", "part", "layer", "shape", "dtype", "trainable");
        assertThat(frozen.path("layer").asInt()).isEqualTo(3);
        JsonNode trained = find(json, "vision.merger");
        assertThat(trained.toString())
                .isEqualTo(
                        "{\"name\":\"vision.merger\",\"role\":\"Projector\",\"part\":\"Projector\",\"shape\":[2,3],\"dtype\":\"BF16\",\"trainable\":true,\"learningRate\":\"2e-5\"}");
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
        assertThat(PlanDocument.of(FreezePlan.resolve(topVisionBlocks(), SmallModel.of(12, 3)), "2e-5")
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

    private static PlanDocument document(FreezeSpec spec, String learningRate) {
        return PlanDocument.of(FreezePlan.resolve(spec, MODEL), learningRate);
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
