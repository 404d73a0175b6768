package io.vlfinetune.trainer.model;

import io.vlfinetune.trainer.data.ContentKey;
import io.vlfinetune.trainer.engine.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keeps what a frozen prefix makes of units, by the key of what it reads of them. */
public interface PrefixStore {
    /**
     * An array of a flow.
     *
     * @param type of its elements
     * @param shape its axes
     */
    record Kind(DType type, List<Long> shape) {
        /** Copies the shape. */
        public Kind {
            shape = List.copyOf(shape);
        }

        /** Bytes of all its elements. */
        public long bytes() {
            return shape.stream().reduce((long) type.bytes(), (a, b) -> a * b);
        }
    }

    /** What is stored of a unit. */
    interface Entry {
        /** The arrays: hidden states first, then what is carried. */
        List<Kind> kinds();

        /**
         * Reads all arrays.
         *
         * @param targets memory for each of them
         * @return false if they can no longer be read; the targets then hold anything
         */
        boolean read(List<MemorySegment> targets);
    }

    /** What is stored under a key; null if nothing is. */
    @Nullable
    Entry find(ContentKey key);

    /**
     * Stores a unit, if there is room.
     *
     * @param kinds its arrays: hidden states first, then what is carried
     * @param arrays their bytes, which may change as soon as this returns
     * @param nanoseconds how long it took to compute them
     */
    void keep(ContentKey key, List<Kind> kinds, List<MemorySegment> arrays, long nanoseconds);
}
