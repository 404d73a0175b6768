package io.vlfinetune.trainer.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention as products (BFloat16, short rows) against the flash kernel on the same values in Float32. */
class AttentionKernelTest {
    private static final float NO = Float.NEGATIVE_INFINITY;
    private static final int ROWS = 2;
    private static final int HEADS = 4;
    private static final int GROUPS = 2;
    private static final int LENGTH = 5;
    private static final int SIZE = 8;

    private static Ops ops;

    @BeforeAll
    static void start() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    }

    @AfterAll
    static void close() {
        ops.close();
    }

    @ParameterizedTest
    @MethodSource("theFourWays")
    void givenShortRowsInBFloat16ThenAttentionAndGradientsAreThoseOfFloat32UpToRounding(Way way) {
        assertThat(AttentionKernel.of(DType.BF16, LENGTH, SIZE)).isEqualTo(AttentionKernel.PRODUCTS);
        assertThat(AttentionKernel.of(DType.F32, LENGTH, SIZE)).isEqualTo(AttentionKernel.FLASH);
        float[][] products = results(way, DType.BF16);
        float[][] flash = results(way, DType.F32);
        for (int i = 0; i < flash.length; i++) {
            assertThat(products[i]).containsExactly(flash[i], within(0.02f));
        }
    }

    /** What is looked at. */
    enum Way {
        ALL,
        BACK,
        ONE_MASK,
        MASK_OF_EACH_ROW
    }

    static Stream<Way> theFourWays() {
        return Arrays.stream(Way.values());
    }

    /** The mixture and the gradients of queries, keys and values. */
    private static float[][] results(Way way, DType type) {
        NDArray[] inputs = {
            leaf(HEADS, 0, type), leaf(GROUPS, 1, type), leaf(GROUPS, 2, type),
        };
        NDArray seed = values(HEADS, 3, type);
        NDArray mixed =
                ops.withGradients(true, () -> ops.attention(inputs[0], inputs[1], inputs[2], looks(way, type), 0.7));
        NDArray[] made = ops.gradients(new NDArray[] {mixed}, new NDArray[] {seed}, inputs);
        return Stream.concat(Stream.of(mixed), Arrays.stream(made))
                .map(array -> ops.cast(ops.inOrder(array), DType.F32).toFloatArray())
                .toArray(float[][]::new);
    }

    private static Looks looks(Way way, DType type) {
        return switch (way) {
            case ALL -> new Looks.All();
            case BACK -> new Looks.Back();
            case ONE_MASK -> new Looks.Masked(mask(1, type));
            case MASK_OF_EACH_ROW -> new Looks.Masked(mask(ROWS, type));
        };
    }

    /** The first row looks two places back, the second everywhere but at the place after. */
    private static NDArray mask(int rows, DType type) {
        float[] values = new float[rows * LENGTH * LENGTH];
        for (int i = 0; i < values.length; i++) {
            int from = i / LENGTH % LENGTH;
            int to = i % LENGTH;
            boolean looks = i < LENGTH * LENGTH ? to <= from && to > from - 2 : to != from + 1;
            values[i] = looks ? 0 : NO;
        }
        return ops.cast(ops.of(values, rows, 1, LENGTH, LENGTH), type);
    }

    private static NDArray leaf(int heads, int phase, DType type) {
        return ops.leaf(values(heads, phase, type));
    }

    /** Not in order in memory, as heads are. */
    private static NDArray values(int heads, int phase, DType type) {
        float[] values = new float[ROWS * LENGTH * heads * SIZE];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(0.37 * i + phase);
        }
        return ops.transpose(ops.cast(ops.of(values, ROWS, LENGTH, heads, SIZE), type), 1, 2);
    }
}
