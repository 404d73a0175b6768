package io.vlfinetune.trainer.verify;

import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A tensor's elements over the mapped file, decoded one by one; nothing of it is held in memory.
 *
 * @param bytes the elements, little-endian, beginning at any byte
 * @param dtype their type: F64, F32, F16 or BF16
 */
record StoredValues(MemorySegment bytes, DType dtype) {
    private static final ValueLayout.OfShort TWO = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt FOUR = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong EIGHT = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

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

    /** The element's value; every type's values are exact in a double. */
    double value(long index) {
        long bits = bits(index);
        return switch (dtype) {
            case BF16 -> Float.intBitsToFloat((int) bits << 16);
            case F16 -> Float.float16ToFloat((short) bits);
            case F32 -> Float.intBitsToFloat((int) bits);
            case F64 -> Double.longBitsToDouble(bits);
            case U8, I8, I16, I32, I64, BOOL -> throw new IllegalStateException("weights of type " + dtype);
        };
    }
}
