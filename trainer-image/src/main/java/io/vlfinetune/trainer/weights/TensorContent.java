package io.vlfinetune.trainer.weights;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** A tensor about to be written. */
public sealed interface TensorContent {
    /** Type of the elements in the file. */
    DType dtype();

    /** Axes in the file. */
    List<Long> shape();

    /**
     * Bytes that are written as they are: a frozen tensor straight from the file it came from.
     *
     * @param dtype type of the elements
     * @param shape axes
     * @param bytes the elements
     */
    record Stored(DType dtype, List<Long> shape, MemorySegment bytes) implements TensorContent {
        /** Copies the shape, and bytes of the Java heap, which channels take only as byte arrays. */
        public Stored {
            shape = List.copyOf(shape);
            bytes = bytes.isNative() ? bytes : MemorySegment.ofArray(bytes.toArray(ValueLayout.JAVA_BYTE));
        }

        /** A tensor of an open file. */
        public static Stored of(Safetensors file, String name) {
            TensorInfo info = file.info(name);
            return new Stored(info.dtype(), info.shape(), file.bytes(name));
        }
    }

    /**
     * A tensor of an open file, copied as it is and piece by piece: mapped pages would count as this process's memory.
     *
     * @param file where it is
     * @param name its name there
     */
    record Copied(Safetensors file, String name) implements TensorContent {
        @Override
        public DType dtype() {
            return file.info(name).dtype();
        }

        @Override
        public List<Long> shape() {
            return file.info(name).shape();
        }
    }

    /**
     * An array that is cast on the way, rounding to nearest even.
     *
     * @param ops the engine that casts
     * @param array contiguous array of any weight type
     * @param dtype type of the elements in the file
     */
    record Held(Ops ops, NDArray array, DType dtype) implements TensorContent {
        @Override
        public List<Long> shape() {
            return Arrays.stream(array.getShape().getShape()).boxed().toList();
        }
    }
}
