package io.vlfinetune.trainer.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.testing.LlavaFixture;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is held of tensors that are trained, were trained, and never were. The fixture stores Float16. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WeightsTest {
    private static final String NORM = "language_model.model.norm.weight";
    private static final String BIAS = "multi_modal_projector.linear_1.bias";
    private static final String OTHER = "multi_modal_projector.linear_2.bias";
    private static final List<String> NAMES = List.of(NORM, BIAS, OTHER);
    private static final float LEARNED = 1.0009766f;

    private Ops ops;
    private Checkpoint checkpoint;

    @BeforeAll
    void start() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
        checkpoint = Checkpoint.open(LlavaFixture.folder());
    }

    @AfterAll
    void stop() {
        checkpoint.close();
        ops.close();
    }

    private Weights weights(DType precision, String... trainable) {
        return new Weights(ops, checkpoint, NAMES, Set.of(trainable), precision);
    }

    /** The base model's values; every Float16 is a Float32. */
    private float[] base(String name) {
        short[] halves = checkpoint.fileOf(name).bytes(name).toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
        float[] values = new float[halves.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.float16ToFloat(halves[i]);
        }
        return values;
    }

    /** As an optimizer does: writes over the master. */
    private void learn(Weights weights, String name) {
        ops.memory(weights.master(name)).set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, LEARNED);
    }

    private static float first(Weights weights, String name) {
        return weights.master(name).toFloatArray()[0];
    }

    private byte[] bytes(NDArray array) {
        return ops.memory(array).toArray(ValueLayout.JAVA_BYTE);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void givenATensorThatIsNewlyTrainedThenItHasAMasterOfTheBaseModelsValues(DType precision) {
        try (Weights weights = weights(precision, BIAS)) {
            assertThat(weights.masters()).containsExactly(BIAS);
            assertThat(weights.trainable()).containsExactly(BIAS);
            assertThat(ops.dtype(weights.master(NORM))).isEqualTo(precision);

            weights.train(Set.of(NORM, "not held"));

            assertThat(weights.trainable()).containsExactly(NORM);
            assertThat(weights.masters()).containsExactlyInAnyOrder(BIAS, NORM);
            assertThat(ops.dtype(weights.master(NORM))).isEqualTo(DType.F32);
            assertThat(weights.master(NORM).toFloatArray()).isEqualTo(base(NORM));
            assertThat(weights.master(NORM).hasGradient()).as("a leaf").isTrue();
            assertThat(weights.master(BIAS).hasGradient()).isFalse();
        }
    }

    @Test
    void givenATensorThatIsFrozenAgainThenItKeepsWhatItLearnedAndIsReadAsACastOfIt() {
        try (Weights weights = weights(DType.BF16, BIAS, NORM)) {
            learn(weights, BIAS);
            weights.train(Set.of(NORM));

            assertThat(first(weights, BIAS)).isEqualTo(LEARNED);
            try (NDArray cast = ops.cast(weights.master(BIAS), DType.BF16)) {
                assertThat(ops.dtype(weights.get(BIAS))).isEqualTo(DType.BF16);
                assertThat(bytes(weights.get(BIAS))).isEqualTo(bytes(cast));
            }
            assertThat(weights.get(BIAS)).as("made once").isSameAs(weights.get(BIAS));

            weights.train(Set.of(BIAS));
            assertThat(first(weights, BIAS))
                    .as("trained again, it goes on from there")
                    .isEqualTo(LEARNED);
            learn(weights, NORM);
            weights.train(Set.of());
            assertThat(weights.masters()).containsExactlyInAnyOrder(BIAS, NORM);
            assertThat(weights.trainable()).isEmpty();
            assertThat(first(weights, NORM))
                    .as("no longer trained, not base either")
                    .isEqualTo(LEARNED);
        }
    }

    @Test
    void givenFloat32ThenWhatIsFrozenAgainIsReadAsItIs() {
        try (Weights weights = weights(DType.F32, BIAS)) {
            learn(weights, BIAS);
            weights.train(Set.of());
            assertThat(weights.get(BIAS)).isSameAs(weights.master(BIAS));
            assertThat(first(weights, BIAS)).isEqualTo(LEARNED);
        }
    }

    @Test
    void givenATensorThatWasNeverTrainedThenItHasTheBaseModelsValuesAndNoMaster() {
        try (Weights weights = weights(DType.F32, BIAS)) {
            weights.train(Set.of(NORM));
            weights.train(Set.of(BIAS));
            assertThat(weights.masters()).doesNotContain(OTHER);
            assertThat(weights.get(OTHER).toFloatArray()).isEqualTo(base(OTHER));
        }
    }

    @Test
    void givenStoredBytesOfATensorThatIsFrozenNowThenItHasThemAndIsReadAsACastOfThem() {
        try (Weights weights = weights(DType.BF16, NORM);
                Weights earlier = weights(DType.BF16, BIAS)) {
            learn(earlier, BIAS);
            weights.restore(BIAS, ops.memory(earlier.master(BIAS)));

            assertThat(weights.masters()).containsExactlyInAnyOrder(NORM, BIAS);
            assertThat(weights.trainable()).containsExactly(NORM);
            assertThat(weights.master(BIAS).hasGradient()).isFalse();
            assertThat(first(weights, BIAS)).isEqualTo(LEARNED);
            try (NDArray cast = ops.cast(earlier.master(BIAS), DType.BF16)) {
                assertThat(bytes(weights.get(BIAS))).isEqualTo(bytes(cast));
            }
            // Once more, over what is there.
            weights.restore(BIAS, MemorySegment.ofArray(base(BIAS)));
            assertThat(weights.master(BIAS).toFloatArray()).isEqualTo(base(BIAS));
        }
    }

    @Test
    void givenATensorThatIsResetThenItIsTheBaseModelsAndIsTrainedAsBefore() {
        try (Weights weights = weights(DType.BF16, BIAS, NORM)) {
            learn(weights, BIAS);
            learn(weights, NORM);
            weights.train(Set.of(NORM));
            weights.reset(BIAS);
            weights.reset(NORM);

            assertThat(weights.master(BIAS).toFloatArray()).isEqualTo(base(BIAS));
            assertThat(weights.master(NORM).toFloatArray()).isEqualTo(base(NORM));
            assertThat(weights.trainable()).containsExactly(NORM);
            assertThat(weights.master(NORM).hasGradient()).isTrue();
        }
    }

    @Test
    void givenBytesOfAnotherSizeOrATensorThatIsNotHeldThenTheyAreRefused() {
        try (Weights weights = weights(DType.F32, BIAS)) {
            assertThatThrownBy(() -> weights.restore(BIAS, MemorySegment.ofArray(new float[3])))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("12 bytes for tensor " + BIAS + " of 256 bytes");
            assertThatThrownBy(() -> weights.restore("other", MemorySegment.ofArray(new float[3])))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("tensor other was not loaded");
        }
    }
}
