package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.data.ContentKey;
import io.vlfinetune.trainer.engine.Ops;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes what a frozen prefix hands on, unit by unit, or reads it where it is stored, and puts units together. */
final class PrefixRunner {
    private final Forward forward;
    private final Ops ops;
    private final FrozenPrefix prefix;
    private final List<Layer> stages;
    private final List<Layer> textStages;
    private final @Nullable PrefixStore store;

    PrefixRunner(Forward forward, FrozenPrefix prefix, @Nullable PrefixStore store) {
        this.forward = forward;
        this.ops = forward.ops();
        this.prefix = prefix;
        this.stages = Forward.stages(prefix.layers());
        this.textStages = Forward.stages(
                prefix.layers().subList(prefix.merge(), prefix.layers().size()));
        this.store = store;
    }

    /** A unit whose arrays are on their way into the batch's. */
    private final class Unit {
        private final Supplier<Batch> alone;
        private final @Nullable ContentKey key;
        private final List<MemorySegment> places = new ArrayList<>();
        private final List<PrefixStore.Kind> kinds;
        private final PrefixStore.@Nullable Entry stored;
        private List<NDArray> made = List.of();
        private long nanoseconds;

        Unit(Supplier<Batch> alone, Supplier<ContentKey> content) {
            this.alone = alone;
            key = store == null ? null : content.get();
            stored = store == null || key == null ? null : store.find(key);
            if (stored == null) {
                make();
                kinds = made.stream().map(PrefixRunner.this::kind).toList();
            } else {
                kinds = stored.kinds();
            }
        }

        private void make() {
            long begun = System.nanoTime();
            try (Batch batch = alone.get()) {
                made = forward.fromPixels(batch.isTextOnly() ? textStages : stages, batch)
                        .arrays();
            }
            nanoseconds = System.nanoTime() - begun;
        }

        /** Fills the places that the unit has in the batch's arrays. */
        void fill() {
            if (stored != null && stored.read(places)) {
                return;
            }
            if (made.isEmpty()) {
                make();
            }
            for (int i = 0; i < made.size(); i++) {
                NDArray array = made.get(i);
                MemorySegment place = places.get(i);
                try (NDArray inOrder = ops.inOrder(array)) {
                    place.copyFrom(ops.memory(inOrder));
                }
            }
            if (store != null && key != null) {
                store.keep(key, kinds, places, nanoseconds);
            }
        }

        void close() {
            made.forEach(NDArray::close);
        }
    }

    /** What the prefix makes of a batch, which has units. */
    Flow of(Batch batch) {
        List<Unit> units = new ArrayList<>();
        try {
            switch (prefix.unit()) {
                case None -> throw new IllegalStateException("there is no frozen prefix");
                case Image -> images(batch, units);
                case Sample -> samples(batch, units);
            }
            Flow flow = room(units, batch);
            units.forEach(Unit::fill);
            return flow;
        } finally {
            units.forEach(Unit::close);
        }
    }

    private void images(Batch batch, List<Unit> units) {
        for (int i = 0; i < batch.images().size(); i++) {
            int image = i;
            units.add(new Unit(
                    () -> batch.image(image), () -> batch.pixelsOf(image).key()));
        }
    }

    private void samples(Batch batch, List<Unit> units) {
        for (int i = 0; i < batch.rows(); i++) {
            int row = i;
            units.add(new Unit(
                    () -> batch.sample(row), () -> batch.encoded().get(row).key()));
        }
    }

    private PrefixStore.Kind kind(NDArray array) {
        return new PrefixStore.Kind(
                ops.dtype(array),
                Arrays.stream(array.getShape().getShape()).boxed().toList());
    }

    /** The batch's arrays, in which every unit has its places. */
    private Flow room(List<Unit> units, Batch batch) {
        List<NDArray> arrays = new ArrayList<>();
        int most = units.stream().mapToInt(unit -> unit.kinds.size()).max().orElseThrow();
        for (int i = 0; i < most; i++) {
            int array = i;
            // Text alone carries nothing beside its hidden states.
            List<Unit> having =
                    units.stream().filter(unit -> array < unit.kinds.size()).toList();
            boolean padded = i == 0
                    && prefix.unit() == FrozenPrefix.Unit.Sample
                    && having.getFirst().kinds.getFirst().shape().size() == 3;
            arrays.add(padded ? rows(having, batch) : behindEachOther(having, i));
        }
        return new Flow(arrays.getFirst(), arrays.subList(1, arrays.size()));
    }

    /** Hidden states [1, length, hidden] of samples as rows of one length; what only fills up is zero. */
    private NDArray rows(List<Unit> units, Batch batch) {
        PrefixStore.Kind first = units.getFirst().kinds.getFirst();
        NDArray made = ops.empty(
                first.type(), units.size(), batch.length(), first.shape().get(2));
        MemorySegment memory = ops.memory(made);
        long row = memory.byteSize() / units.size();
        for (int i = 0; i < units.size(); i++) {
            long bytes = units.get(i).kinds.getFirst().bytes();
            units.get(i).places.add(memory.asSlice(i * row, bytes));
            memory.asSlice(i * row + bytes, row - bytes).fill((byte) 0);
        }
        return made;
    }

    /** Arrays of units along axis 0. */
    private NDArray behindEachOther(List<Unit> units, int array) {
        PrefixStore.Kind first = units.getFirst().kinds.get(array);
        long[] shape = first.shape().stream().mapToLong(Long::longValue).toArray();
        shape[0] = units.stream()
                .mapToLong(unit -> unit.kinds.get(array).shape().getFirst())
                .sum();
        NDArray made = ops.empty(first.type(), shape);
        MemorySegment memory = ops.memory(made);
        long at = 0;
        for (Unit unit : units) {
            long bytes = unit.kinds.get(array).bytes();
            unit.places.add(memory.asSlice(at, bytes));
            at += bytes;
        }
        return made;
    }
}
