package io.vlfinetune.trainer;

import static io.vlfinetune.trainer.testing.Declarations.training;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.testing.PublishedModel;
import io.vlfinetune.trainer.testing.PublishedModel.Layout;
import io.vlfinetune.trainer.weights.Safetensors;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Published checkpoints, planned from their configuration and a header: the counts are those of transformers. */
class PublishedShapesTest {
    @ParameterizedTest
    @ValueSource(strings = {"llava-1.5-7b-hf", "qwen2.5-vl-3b-instruct", "qwen2.5-vl-7b-instruct"})
    void givenPublishedShapesWhenWrittenAsAHeaderThenTheFileIsWholeAndHoldsEveryTensor(
            String name, @TempDir Path folder) {
        PublishedModel model = new PublishedModel(name);
        model.write(Layout.published, folder);
        try (Safetensors file = Safetensors.open(folder.resolve("model.safetensors"))) {
            long elements = file.tensors().values().stream()
                    .mapToLong(tensor -> tensor.bytes() / tensor.dtype().bytes())
                    .sum();
            assertThat(file.tensors()).hasSize(model.counts().path("tensors").asInt());
            assertThat(elements).isEqualTo(model.counts().path("total").asLong());
        }
    }

    @ParameterizedTest
    @EnumSource
    void givenLlava7bWhenPlannedThenEveryPartHasTransformersCount(Layout layout, @TempDir Path folder) {
        assertPlanned("llava-1.5-7b-hf", layout, folder);
    }

    @ParameterizedTest
    @EnumSource
    void givenQwen25Vl7bWhenPlannedThenEveryPartHasTransformersCount(Layout layout, @TempDir Path folder) {
        assertPlanned("qwen2.5-vl-7b-instruct", layout, folder);
    }

    @ParameterizedTest
    @EnumSource
    void givenQwen25Vl3bWhenPlannedThenEveryPartHasTransformersCount(Layout layout, @TempDir Path folder) {
        assertPlanned("qwen2.5-vl-3b-instruct", layout, folder);
    }

    private static void assertPlanned(String name, Layout layout, Path folder) {
        PublishedModel model = new PublishedModel(name);
        JsonNode counts = model.counts();
        try (PlannedModel planned = PlannedModel.open(model.write(layout, folder), FreezeSpec.NOTHING)) {
            PlanDocument plan = planned.document(training("{learningRate: '1e-5'}"));
            assertThat(plan.totalParameters()).isEqualTo(counts.path("total").asLong());
            assertThat(plan.parts().stream().collect(toMap(PartStatus::part, PartStatus::total)))
                    .isEqualTo(Map.of(
                            Part.VisionTower, counts.path("visionTower").asLong(),
                            Part.Projector, counts.path("projector").asLong(),
                            Part.LanguageModel, counts.path("languageModel").asLong()));
            assertThat(elements(plan, Role.OutputHead))
                    .isEqualTo(counts.path("outputHead").asLong());
            assertThat(elements(plan, Role.TokenEmbedding))
                    .isEqualTo(counts.path("tokenEmbedding").asLong());
        }
    }

    private static long elements(PlanDocument plan, Role role) {
        return plan.tensors().stream()
                .filter(tensor -> tensor.role() == role)
                .mapToLong(tensor -> tensor.shape().stream().reduce(1L, Math::multiplyExact))
                .sum();
    }
}
