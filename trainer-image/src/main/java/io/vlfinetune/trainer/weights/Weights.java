package io.vlfinetune.trainer.weights;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Tensors of a checkpoint in memory. Frozen ones have the compute precision and lie over the file's own pages where it
 * stores that; trainable ones are Float32 leaves of their own (master copies). For one thread at a time; to be closed
 * before the checkpoint.
 */
public final class Weights implements AutoCloseable {
    private final Ops ops;
    private final DType precision;
    private final Set<String> trainable;
    private final Map<String, NDArray> held = new LinkedHashMap<>();
    private final Map<Object, NDArray> constants = new HashMap<>();

    /**
     * Loads tensors.
     *
     * @param names which tensors are needed; others are not touched
     * @param trainable which of them are trained; names beyond {@code names} are ignored
     * @param precision the compute precision, F32 or BF16
     */
    public Weights(Ops ops, Checkpoint checkpoint, Collection<String> names, Set<String> trainable, DType precision) {
        this.ops = ops;
        this.precision = precision;
        Set<String> trained = new LinkedHashSet<>(names);
        trained.retainAll(trainable);
        this.trainable = Collections.unmodifiableSet(trained);
        for (String name : new LinkedHashSet<>(names)) {
            held.put(name, this.trainable.contains(name) ? master(checkpoint, name) : frozen(checkpoint, name));
        }
    }

    private NDArray frozen(Checkpoint checkpoint, String name) {
        Safetensors file = checkpoint.fileOf(name);
        TensorInfo info = file.info(name);
        NDArray stored = file.view(ops, name);
        // Other writers may begin their data at any byte, and kernels want whole elements.
        boolean aligned = file.bytes(name).address() % info.dtype().bytes() == 0;
        if (aligned && info.dtype() == precision) {
            return stored;
        }
        try (stored) {
            return aligned ? ops.cast(stored, precision) : castCopy(stored);
        }
    }

    private NDArray castCopy(NDArray stored) {
        NDArray copy = ops.copyOf(stored);
        if (ops.dtype(copy) == precision) {
            return copy;
        }
        try (copy) {
            return ops.cast(copy, precision);
        }
    }

    private NDArray master(Checkpoint checkpoint, String name) {
        Safetensors file = checkpoint.fileOf(name);
        TensorInfo info = file.info(name);
        NDArray made;
        if (info.dtype() == DType.F32) {
            made = ops.empty(DType.F32, info.axes());
            file.read(name, ops.memory(made));
        } else {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment bytes = arena.allocate(info.bytes(), 64);
                file.read(name, bytes);
                try (NDArray stored = ops.over(bytes, info.dtype(), info.axes())) {
                    made = ops.cast(stored, DType.F32);
                }
            }
        }
        made.setRequiresGradient(true);
        return made;
    }

    /** The engine that holds the tensors. */
    public Ops ops() {
        return ops;
    }

    /** The tensor in the compute precision. Inside a graph the cast of a trainable one is part of it. */
    public NDArray get(String name) {
        NDArray array = master(name);
        return trainable.contains(name) ? ops.cast(array, precision) : array;
    }

    /** The tensor as it is held: Float32 for a trainable one. */
    public NDArray master(String name) {
        NDArray array = held.get(name);
        if (array == null) {
            throw new IllegalArgumentException("tensor " + name + " was not loaded");
        }
        return array;
    }

    /** Which tensors are trained. */
    public Set<String> trainable() {
        return trainable;
    }

    /** The compute precision. */
    public DType precision() {
        return precision;
    }

    /**
     * Overwrites a trainable tensor with Float32 bytes, as a checkpoint holds them.
     *
     * @throws IllegalArgumentException if the tensor is frozen or of another size
     */
    public void restore(String name, MemorySegment bytes) {
        MemorySegment target = ops.memory(master(name));
        if (!trainable.contains(name) || target.byteSize() != bytes.byteSize()) {
            throw new IllegalArgumentException(bytes.byteSize() + " bytes for tensor " + name + " of "
                    + target.byteSize() + " bytes, trainable: " + trainable.contains(name));
        }
        target.copyFrom(bytes);
    }

    /** An array that follows from the configuration alone, such as a rotary table; made once and closed with these. */
    public NDArray constant(Object key, Supplier<NDArray> maker) {
        return constants.computeIfAbsent(key, missing -> ops.kept(maker.get()));
    }

    /** Frees every tensor. */
    @Override
    public void close() {
        held.values().forEach(NDArray::close);
        constants.values().forEach(NDArray::close);
    }
}
