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
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Tensors of a checkpoint in memory. Ones that were never trained have the compute precision and lie over the file's own pages where it
 * stores that; the others are Float32 arrays of their own (master copies), leaves of graphs while they are trained. For one thread at a time; to be closed
 * before the checkpoint.
 */
public final class Weights implements AutoCloseable {
    private final Ops ops;
    private final Checkpoint checkpoint;
    private final DType precision;
    private final Map<String, NDArray> held = new LinkedHashMap<>();
    private final Set<String> masters = new LinkedHashSet<>();
    /** What was trained in an earlier phase, in the compute precision where that is not Float32. */
    private final Map<String, NDArray> rounded = new HashMap<>();

    private Set<String> trainable = Set.of();
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
        this.checkpoint = checkpoint;
        this.precision = precision;
        Set<String> wanted = new LinkedHashSet<>(names);
        for (String name : wanted) {
            held.put(name, trainable.contains(name) ? load(name) : frozen(name));
        }
        train(trainable);
    }

    /**
     * Changes what is trained. A tensor that never was gets a master copy of the base model's; one that no longer is
     * keeps its own, since what it has learned stays.
     *
     * @param names tensors to train; those that are not held are ignored
     */
    public void train(Set<String> names) {
        Set<String> wanted = new LinkedHashSet<>(held.keySet());
        wanted.retainAll(names);
        for (String name : held.keySet()) {
            if (wanted.contains(name)) {
                requireMaster(name);
            } else if (masters.contains(name)) {
                freeze(name);
            }
        }
        trainable = Collections.unmodifiableSet(wanted);
    }

    private void requireMaster(String name) {
        NDArray copy = rounded.remove(name);
        if (copy != null) {
            copy.close();
        }
        if (!masters.contains(name)) {
            NDArray before = Objects.requireNonNull(held.get(name));
            held.put(name, load(name));
            before.close();
        }
        Objects.requireNonNull(held.get(name)).setRequiresGradient(true);
    }

    private void freeze(String name) {
        NDArray master = Objects.requireNonNull(held.get(name));
        master.setRequiresGradient(false);
        if (precision != DType.F32) {
            NDArray before = rounded.put(name, ops.cast(master, precision));
            if (before != null) {
                before.close();
            }
        }
    }

    private NDArray frozen(String name) {
        Safetensors file = checkpoint.fileOf(name);
        TensorInfo info = file.info(name);
        // Other writers may begin their data at any byte, and kernels want whole elements.
        boolean aligned = file.bytes(name).address() % info.dtype().bytes() == 0;
        return aligned && info.dtype() == precision ? file.view(ops, name) : copied(name, precision);
    }

    /** A copy in any type. It is read, not mapped: pages that were read once would stay and count as memory. */
    private NDArray copied(String name, DType dtype) {
        Safetensors file = checkpoint.fileOf(name);
        TensorInfo info = file.info(name);
        if (info.dtype() == dtype) {
            NDArray made = ops.empty(dtype, info.axes());
            file.read(name, ops.memory(made));
            return made;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(info.bytes(), 64);
            file.read(name, bytes);
            try (NDArray stored = ops.over(bytes, info.dtype(), info.axes())) {
                return ops.cast(stored, dtype);
            }
        }
    }

    private NDArray load(String name) {
        masters.add(name);
        return copied(name, DType.F32);
    }

    /** The engine that holds the tensors. */
    public Ops ops() {
        return ops;
    }

    /** The tensor in the compute precision. Inside a graph the cast of a trainable one is part of it. */
    public NDArray get(String name) {
        NDArray array = master(name);
        if (trainable.contains(name)) {
            return ops.cast(array, precision);
        }
        return Objects.requireNonNullElse(rounded.get(name), array);
    }

    /** The tensor as it is held: Float32 for one that is or was trained. */
    public NDArray master(String name) {
        NDArray array = held.get(name);
        if (array == null) {
            throw new IllegalArgumentException("tensor " + name + " was not loaded");
        }
        return array;
    }

    /** Which tensors have a Float32 master: those that are trained now or were before. */
    public Set<String> masters() {
        return Collections.unmodifiableSet(masters);
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
     * Overwrites a tensor with Float32 bytes, as a checkpoint holds them; it gets a master if it has none.
     *
     * @throws IllegalArgumentException if it is not held or of another size
     */
    public void restore(String name, MemorySegment bytes) {
        master(name);
        boolean trains = trainable.contains(name);
        if (!masters.contains(name)) {
            requireMaster(name);
        }
        MemorySegment target = ops.memory(master(name));
        if (target.byteSize() != bytes.byteSize()) {
            throw new IllegalArgumentException(
                    bytes.byteSize() + " bytes for tensor " + name + " of " + target.byteSize() + " bytes");
        }
        target.copyFrom(bytes);
        if (!trains) {
            freeze(name);
        }
    }

    /** Sets a tensor that was trained back to the base model's. */
    public void reset(String name) {
        try (NDArray base = load(name)) {
            restore(name, ops.memory(base));
        }
    }

    /** An array that follows from the configuration alone, such as a rotary table; made once and closed with these. */
    public NDArray constant(Object key, Supplier<NDArray> maker) {
        return constants.computeIfAbsent(key, missing -> ops.kept(maker.get()));
    }

    /** Frees every tensor. */
    @Override
    public void close() {
        held.values().forEach(NDArray::close);
        rounded.values().forEach(NDArray::close);
        constants.values().forEach(NDArray::close);
    }
}
