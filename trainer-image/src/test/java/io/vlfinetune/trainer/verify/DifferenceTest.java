package io.vlfinetune.trainer.verify;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.trainer.engine.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class DifferenceTest {
    private static StoredValues floats(float... values) {
        return new StoredValues(MemorySegment.ofArray(values), DType.F32);
    }

    private static StoredValues halves(DType dtype, int... bits) {
        short[] stored = new short[bits.length];
        for (int i = 0; i < bits.length; i++) {
            stored[i] = (short) bits[i];
        }
        return new StoredValues(MemorySegment.ofArray(stored), dtype);
    }

    private static Difference between(StoredValues base, StoredValues tuned) {
        return Difference.between(base, tuned, done -> {});
    }

    @Test
    void valuesOfAllTypesAreDecodedExactly() {
        assertThat(values(halves(DType.BF16, 0x3F80, 0xC040, 0x0001))).containsExactly(1, -3, Math.scalb(1.0, -133));
        assertThat(values(halves(DType.F16, 0x3C00, 0x0001, 0xFBFF))).containsExactly(1, Math.scalb(1.0, -24), -65504);
        assertThat(values(floats(0.1f, -2))).containsExactly(0.1f, -2);
        assertThat(values(new StoredValues(MemorySegment.ofArray(new double[] {0.1, 7}), DType.F64)))
                .containsExactly(0.1, 7);
    }

    private static double[] values(StoredValues stored) {
        double[] values = new double[(int) stored.elements()];
        stored.values(0, values.length, values);
        return values;
    }

    @Test
    void sameNumbersInAWiderTypeDoNotDiffer() {
        assertThat(between(
                                halves(DType.BF16, 0x3F80, 0x8000, 0x7FC0, 0x7F80),
                                floats(1, -0f, Float.NaN, Float.POSITIVE_INFINITY))
                        .none())
                .isTrue();
        assertThat(between(halves(DType.F16, 0x0001), floats(Math.scalb(1f, -24)))
                        .none())
                .isTrue();
    }

    @Test
    void oneTypeIsComparedBitByBitSoThatASignOfZeroAndANanCount() {
        Difference difference = between(
                floats(0f, Float.intBitsToFloat(0x7FC00000), 5), floats(-0f, Float.intBitsToFloat(0x7FC00001), 5));
        assertThat(difference.differing()).isEqualTo(2);
        assertThat(difference.largest()).isZero();
        assertThat(difference.notFinite()).isEqualTo(1);
    }

    @Test
    void differencesAreCountedAndTheLargestIsKept() {
        Difference difference = between(floats(1, 2, 3, 4), floats(1, 2.5f, -3, Float.NaN));
        assertThat(difference).isEqualTo(new Difference(4, 3, 6, 1, java.util.Set.of()));
    }

    @Test
    void roundingToANarrowTypeIsRecognizedWhateverTypeHoldsTheResult() {
        float value = 1 + Math.scalb(1f, -8); // halfway between two neighbours in BF16: ties to even, down
        assertThat(between(floats(value, 3), halves(DType.BF16, 0x3F80, 0x4040)).rounded())
                .containsExactly(DType.BF16);
        assertThat(between(floats(value, 3), floats(1, 3)).rounded()).containsExactly(DType.BF16);
        assertThat(between(floats(value, 3), floats(1 + Math.scalb(1f, -7), 3)).rounded())
                .isEmpty();
    }

    @Test
    void longTensorsAreReadInPiecesAndTheLastElementCounts() {
        float[] base = new float[(1 << 22) + 3];
        Arrays.fill(base, 0.5f);
        float[] tuned = base.clone();
        tuned[tuned.length - 1] = 0.75f;
        List<Long> progress = new ArrayList<>();

        Difference difference = Difference.between(floats(base), floats(tuned), progress::add);

        assertThat(difference.differing()).isEqualTo(1);
        assertThat(difference.largest()).isEqualTo(0.25);
        assertThat(progress).isSorted().endsWith((long) base.length);
    }
}
