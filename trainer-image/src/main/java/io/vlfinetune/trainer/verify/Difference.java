package io.vlfinetune.trainer.verify;

import io.vlfinetune.trainer.engine.DType;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * How the elements of two tensors of one shape differ. Elements of one type are equal when their bits are; those of
 * different types when they are the same number, zeros with their sign.
 *
 * @param elements how many elements there are
 * @param differing how many of them differ
 * @param largest largest absolute difference among those where both are finite
 * @param notFinite elements that differ and are infinite or no number on either side
 * @param rounded types to which the first tensor's values were rounded to become the second's; empty if none explains it
 */
record Difference(long elements, long differing, double largest, long notFinite, Set<DType> rounded) {
    private static final long PIECE = 1L << 22;
    private static final int BUFFER = 1 << 13;

    Difference {
        rounded = Set.copyOf(rounded);
    }

    boolean none() {
        return differing == 0;
    }

    /**
     * Compares.
     *
     * @param progress told how many elements are done, never fewer than before
     */
    static Difference between(StoredValues base, StoredValues tuned, LongConsumer progress) {
        long elements = base.elements();
        long equal = base.dtype() == tuned.dtype() ? equalPieces(base, tuned, progress) : 0;
        if (equal == elements && base.dtype() == tuned.dtype()) {
            progress.accept(elements);
            return new Difference(elements, 0, 0, 0, Set.of());
        }
        Count count = new Count(base, tuned);
        for (long from = 0; from < elements; from += PIECE) {
            long to = Math.min(elements, from + PIECE);
            count.add(from, to);
            progress.accept(Math.max(equal, to));
        }
        return count.result();
    }

    /** How many elements from the first on are surely equal, found at the speed of a memory comparison. */
    private static long equalPieces(StoredValues base, StoredValues tuned, LongConsumer progress) {
        int width = base.dtype().bytes();
        long elements = base.elements();
        for (long from = 0; from < elements; from += PIECE) {
            long count = Math.min(PIECE, elements - from);
            if (base.bytes()
                            .asSlice(from * width, count * width)
                            .mismatch(tuned.bytes().asSlice(from * width, count * width))
                    >= 0) {
                return from;
            }
            progress.accept(from + count);
        }
        return elements;
    }

    /** Runs over two tensors element by element. */
    private static final class Count {
        private final StoredValues base;
        private final StoredValues tuned;
        private final boolean oneType;
        private final double[] before = new double[BUFFER];
        private final double[] after = new double[BUFFER];
        private boolean roundedToBFloat16;
        private boolean roundedToFloat16;
        private long differing;
        private long notFinite;
        private double largest;

        Count(StoredValues base, StoredValues tuned) {
            this.base = base;
            this.tuned = tuned;
            oneType = base.dtype() == tuned.dtype();
            // Rounding to its own type changes nothing, so it explains nothing.
            roundedToBFloat16 = base.dtype() != DType.BF16;
            roundedToFloat16 = base.dtype() != DType.F16;
        }

        void add(long from, long to) {
            for (long at = from; at < to; at += BUFFER) {
                int count = (int) Math.min(BUFFER, to - at);
                base.values(at, count, before);
                tuned.values(at, count, after);
                for (int i = 0; i < count; i++) {
                    add(at + i, before[i], after[i]);
                }
            }
        }

        private void add(long index, double before, double after) {
            if (!same(before, after) || (oneType && Double.isNaN(after) && base.bits(index) != tuned.bits(index))) {
                differing++;
                if (Double.isFinite(before) && Double.isFinite(after)) {
                    largest = Math.max(largest, Math.abs(before - after));
                } else {
                    notFinite++;
                }
            }
            roundedToBFloat16 = roundedToBFloat16 && same(toBFloat16((float) before), after);
            roundedToFloat16 = roundedToFloat16 && same(toFloat16((float) before), after);
        }

        Difference result() {
            Set<DType> rounded = EnumSet.noneOf(DType.class);
            if (differing > 0 && roundedToBFloat16) {
                rounded.add(DType.BF16);
            }
            if (differing > 0 && roundedToFloat16) {
                rounded.add(DType.F16);
            }
            return new Difference(base.elements(), differing, largest, notFinite, rounded);
        }

        /** The same number, or both none. */
        private static boolean same(double a, double b) {
            return Double.doubleToLongBits(a) == Double.doubleToLongBits(b);
        }

        /** To nearest, ties to even, as PyTorch casts. */
        private static double toFloat16(float value) {
            return Float.float16ToFloat(Float.floatToFloat16(value));
        }

        /** To nearest, ties to even, as PyTorch casts. */
        private static double toBFloat16(float value) {
            int bits = Float.floatToRawIntBits(value);
            return Float.isNaN(value)
                    ? value
                    : Float.intBitsToFloat((bits + 0x7FFF + ((bits >>> 16) & 1)) & 0xFFFF0000);
        }
    }
}
