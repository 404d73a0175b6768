package io.vlfinetune.trainer.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Chain;
import io.vlfinetune.trainer.model.FrozenPrefix;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.LlavaFixture;
import io.vlfinetune.trainer.testing.LoadedModel;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** A stored unit is read only where it would be computed with the same bits. */
class PrefixDigestTest {
    static final List<String> FAMILIES = FamilyFixture.ALL;

    private static final Map<String, String> VERSIONS = Map.of("engine", "1", "trainer", "2");

    private static Ops ops;

    @BeforeAll
    static void start() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    }

    @AfterAll
    static void stop() {
        ops.close();
    }

    /** The digest with everything from a layer on trained, counted from the merge. */
    private static String digest(Path folder, int above, DType precision, int threads, Map<String, String> versions) {
        Set<String> trainable = new LinkedHashSet<>();
        try (LoadedModel plan = LoadedModel.open(ops, folder, Set.of())) {
            Chain chain = plan.blueprint().chain();
            chain.layers()
                    .subList(chain.merge() + above, chain.layers().size())
                    .forEach(layer -> trainable.addAll(layer.tensors().keySet()));
            chain.layers()
                    .subList(0, chain.merge() + above)
                    .forEach(layer -> trainable.removeAll(layer.tensors().keySet()));
        }
        try (LoadedModel model = LoadedModel.open(ops, folder, trainable, precision)) {
            FrozenPrefix prefix = FrozenPrefix.of(model.blueprint().chain(), trainable);
            return PrefixDigest.of(prefix, model.weights(), threads, versions);
        }
    }

    private static String digest(Path folder, int above) {
        return digest(folder, above, DType.F32, 1, VERSIONS);
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenTheSameModelOpenedTwiceThenTheDigestIsTheSame(String family) {
        Path folder = new FamilyFixture(family).folder();
        assertThat(digest(folder, 2)).hasSize(64).isEqualTo(digest(folder, 2));
    }

    @Test
    void givenAnotherBoundaryPrecisionThreadsOrVersionThenTheDigestIsAnother() {
        Path folder = LlavaFixture.folder();
        assertThat(Set.of(
                        digest(folder, 0),
                        digest(folder, -1),
                        digest(folder, 1),
                        digest(folder, 2),
                        digest(folder, 0, DType.BF16, 1, VERSIONS),
                        digest(folder, 0, DType.F32, 2, VERSIONS),
                        digest(folder, 0, DType.F32, 1, Map.of("engine", "1", "trainer", "3"))))
                .hasSize(7);
    }

    @Test
    void givenOtherWeightsBelowThenTheDigestIsAnotherAndGivenOtherWeightsAboveItIsNot(
            @TempDir Path below, @TempDir Path above) {
        swap(below, "vision_tower.vision_model.encoder.layers.0.mlp.fc1.bias");
        swap(above, "language_model.model.layers.0.mlp.gate_proj.weight");
        String digest = digest(LlavaFixture.folder(), 0);
        assertThat(digest(below, 0)).isNotEqualTo(digest);
        assertThat(digest(above, 0)).isEqualTo(digest);
    }

    /** Gives a tensor the bytes of the same tensor one layer up. */
    private static void swap(Path folder, String tensor) {
        LlavaFixture.copyTo(folder);
        LlavaFixture.withTensors(
                folder, tensors -> tensors.put(tensor, tensors.get(tensor.replace("layers.0", "layers.1"))));
    }
}
