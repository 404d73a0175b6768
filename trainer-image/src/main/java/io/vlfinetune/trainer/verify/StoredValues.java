package io.vlfinetune.trainer.verify;

import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A tensor's elements over the mapped file, decoded a few at a time; the tensor is never held in memory.
 *
 * @param bytes the elements, little-endian, beginning at any byte
 * @param dtype their type: F64, F32, F16 or BF16
 */
record StoredValues(MemorySegment bytes, DType dtype) {
    private static final ValueLayout.OfShort TWO = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt FOUR = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong EIGHT = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final ValueLayout.OfFloat SINGLE =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** A tensor of an open checkpoint. */
    static StoredValues of(Checkpoint checkpoint, String name) {
        Safetensors file = checkpoint.fileOf(name);
        TensorInfo info = file.info(name);
        return new StoredValues(file.bytes(name), info.dtype());
    }

    /** Whether elements of a type can be decoded. */
    static boolean decodes(DType dtype) {
        return dtype.holdsWeights() || dtype == DType.F64;
    }

    long elements() {
        return bytes.byteSize() / dtype.bytes();
    }

    /** The element's bits as they are stored. */
    long bits(long index) {
        long at = index * dtype.bytes();
        return switch (dtype.bytes()) {
            case 2 -> bytes.get(TWO, at);
            case 4 -> bytes.get(FOUR, at);
            default -> bytes.get(EIGHT, at);
        };
    }

    /** Decodes elements from one on; every type's values are exact in a double. */
    void values(long from, int count, double[] into) {
        long at = from * dtype.bytes();
        switch (dtype) {
            case BF16, F16 -> {
                short[] stored = new short[count];
                MemorySegment.copy(bytes, TWO, at, stored, 0, count);
                if (dtype == DType.BF16) {
                    for (int i = 0; i < count; i++) {
                        into[i] = Float.intBitsToFloat(stored[i] << 16);
                    }
                } else {
                    for (int i = 0; i < count; i++) {
                        into[i] = Float.float16ToFloat(stored[i]);
                    }
                }
            }
            case F32 -> {
                float[] stored = new float[count];
                MemorySegment.copy(bytes, SINGLE, at, stored, 0, count);
                for (int i = 0; i < count; i++) {
                    into[i] = stored[i];
                }
            }
            case F64 -> MemorySegment.copy(bytes, DOUBLE, at, into, 0, count);
            case U8, I8, I16, I32, I64, BOOL -> throw new IllegalStateException("weights of type " + dtype);
        }
    }
}
