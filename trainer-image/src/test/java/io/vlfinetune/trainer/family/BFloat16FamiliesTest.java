package io.vlfinetune.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.LoadedModel;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Families in BFloat16: the ways to run a chain agree bit for bit, and the numbers are those of Float32 but for rounding. */
class BFloat16FamiliesTest {
    @ParameterizedTest
    @ValueSource(strings = {"llava", "llava_next", "internvl"})
    void givenBFloat16WhenTrainedThenAllModesAgreeAndTheLossIsNear(String family) {
        FamilyFixture fixture = new FamilyFixture(family);
        double wanted = fixture.expected("batch").path("losses").path(0).asDouble();
        try (Ops ops = Ops.start(1, Optional.of(LinearKernel.MKL))) {
            Map<String, float[]> graph = gradients(ops, fixture, Executor.Mode.GRAPH, wanted);
            assertThat(graph).isNotEmpty();
            for (Executor.Mode mode : Set.of(Executor.Mode.SEGMENTS, Executor.Mode.RECOMPUTE)) {
                Map<String, float[]> other = gradients(ops, fixture, mode, wanted);
                assertThat(other.keySet()).isEqualTo(graph.keySet());
                graph.forEach((tensor, values) ->
                        assertThat(other.get(tensor)).as("%s %s", mode, tensor).isEqualTo(values));
            }
        }
    }

    private static Map<String, float[]> gradients(Ops ops, FamilyFixture fixture, Executor.Mode mode, double wanted) {
        try (LoadedModel model = LoadedModel.open(ops, fixture.folder(), fixture.trainable("full"), DType.BF16);
                Batch batch = model.batch(ops, fixture.samples("batch"));
                Gradients gradients = new Gradients(ops)) {
            double loss = model.executor(mode).step(batch, batch.targetCount(), gradients);
            assertThat(loss).isCloseTo(wanted, within(0.01 * wanted));
            Map<String, float[]> copies = new TreeMap<>();
            gradients.byTensor().forEach((tensor, gradient) -> copies.put(tensor, values(ops, gradient)));
            return copies;
        }
    }

    private static float[] values(Ops ops, NDArray gradient) {
        return ops.withGradients(false, () -> ops.cast(gradient, DType.F32).toFloatArray());
    }
}
