package io.vlfinetune.trainer.engine;

import java.util.Arrays;
import java.util.Optional;

/**
 * Types of elements. The constants carry the names of the safetensors format.
 *
 * @see <a href="https://github.com/pytorch/pytorch/blob/v2.7.1/c10/core/ScalarType.h">c10::ScalarType</a>
 */
public enum DType {
    /** Unsigned byte. */
    U8(1, 0),
    /** Signed byte. */
    I8(1, 1),
    /** Two-byte integer. */
    I16(2, 2),
    /** Four-byte integer. */
    I32(4, 3),
    /** Eight-byte integer. */
    I64(8, 4),
    /** IEEE half precision. */
    F16(2, 5),
    /** IEEE single precision. */
    F32(4, 6),
    /** IEEE double precision. */
    F64(8, 7),
    /** Truth values of one byte. */
    BOOL(1, 11),
    /** The upper half of a single precision number. */
    BF16(2, 15);

    private final int bytes;
    private final int torchCode;

    DType(int bytes, int torchCode) {
        this.bytes = bytes;
        this.torchCode = torchCode;
    }

    /** Bytes per element. */
    public int bytes() {
        return bytes;
    }

    /** Number of this type among PyTorch's scalar types. */
    public int torchCode() {
        return torchCode;
    }

    /** Whether weights can be stored so: F32, F16 or BF16. */
    public boolean holdsWeights() {
        return this == F32 || this == F16 || this == BF16;
    }

    /** The type of that name; empty for one this trainer cannot read. */
    public static Optional<DType> named(String name) {
        return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
    }

    static DType ofTorch(int code) {
        return Arrays.stream(values())
                .filter(type -> type.torchCode == code)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("a tensor of PyTorch's scalar type " + code));
    }
}
