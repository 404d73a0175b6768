package io.vlfinetune.trainer.verify;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.Role;
import io.vlfinetune.trainer.weights.TensorContent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What other tools train although it was declared frozen, as it lies in the folders that they leave. */
class PeersLeaksTest {
    private static final FreezeSpec TOWER = new FreezeSpec(true, false, false, List.of());
    private static final FreezeSpec LANGUAGE = new FreezeSpec(false, false, true, List.of());

    @TempDir
    private Path folder;

    @Test
    void positionEmbeddingsTrainedUnderAFrozenTowerLeak() throws IOException {
        String positions = "model.visual.pos_embed.weight";
        Verification held = TunedModel.of("qwen3_vl", folder).flip(positions).verify(TOWER);
        assertThat(held.leaked()).containsExactly(positions);
        assertThat(TunedModel.tensor(held, positions).role()).isEqualTo(Role.VisionPosition);
    }

    @Test
    void deepstackMergersTrainedUnderAFrozenProjectorLeak() throws IOException {
        String merger = "model.visual.deepstack_merger_list.0.linear_fc1.weight";
        Verification held =
                TunedModel.of("qwen3_vl", folder).flip(merger).verify(new FreezeSpec(true, true, false, List.of()));
        assertThat(held.leaked()).containsExactly(merger);
        assertThat(TunedModel.tensor(held, merger).role()).isEqualTo(Role.Projector);
    }

    @Test
    void anOutputHeadTrainedUnderAFrozenLanguageModelLeaks() throws IOException {
        Verification held =
                TunedModel.of("qwen2_5_vl", folder).flip("lm_head.weight").verify(LANGUAGE);
        assertThat(held.leaked()).containsExactly("lm_head.weight");
        assertThat(TunedModel.tensor(held, "lm_head.weight").role()).isEqualTo(Role.OutputHead);
    }

    @Test
    void aTiedHeadThatWasUntiedAndTrainedLeaksThoughTheBaseModelStoresNone() throws IOException {
        TunedModel model = TunedModel.of("qwen2_vl", folder);
        model.copy()
                .withTensors(tensors ->
                        tensors.put("lm_head.weight", TunedModel.flipped(tensors, "model.embed_tokens.weight")));

        Verification held = model.verify(LANGUAGE);

        assertThat(held.leaked()).containsExactly("lm_head.weight");
        assertThat(held.added()).isEmpty();
        assertThat(TunedModel.tensor(held, "model.embed_tokens.weight").likeness())
                .isEqualTo(Likeness.Identical);
    }

    @Test
    void layerOneDoesNotStandForLayerTen() throws IOException {
        String first = "model.language_model.layers.1.mlp.down_proj.weight";
        Verification told = TunedModel.of("qwen3_vl", folder).flip(first).verify(null);
        assertThat(told.layers().stream().filter(layer -> layer.changed() > 0))
                .singleElement()
                .satisfies(layer -> {
                    assertThat(layer.role()).isEqualTo(Role.LanguageBlock);
                    assertThat(layer.layer()).isEqualTo(1);
                });
    }

    /** LLaMA-Factory's output: trained tensors as Float32 beside frozen ones as they were. */
    @Test
    void trainedTensorsAsFloat32BesideFrozenOnesAreNoLeak() throws IOException {
        TunedModel model = TunedModel.of("qwen2_vl", folder);
        model.copy().withTensors(tensors -> {
            for (Map.Entry<String, TensorContent> tensor : tensors.entrySet()) {
                if (tensor.getKey().startsWith("visual.merger.")) {
                    TensorContent changed = TunedModel.flipped(tensors, tensor.getKey());
                    tensor.setValue(TunedModel.upcast(changed));
                }
            }
        });

        Verification held = model.verify(new FreezeSpec(true, false, true, List.of()));

        assertThat(held.holds()).isTrue();
        assertThat(held.with(Likeness.Changed)).allSatisfy(tensor -> {
            assertThat(tensor.role()).isEqualTo(Role.Projector);
            assertThat(tensor.tunedDtype()).isEqualTo("F32");
            assertThat(tensor.differingElements()).isEqualTo(1);
        });
        assertThat(held.with(Likeness.Changed)).isNotEmpty();
    }
}
