package io.vlfinetune.trainer.model.qwen;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.BatchImage;
import java.util.ArrayList;
import java.util.List;

/**
 * In which order a tower keeps the patches of a batch: image by image, window by window, and the patches of one feature
 * side by side. A {@link BatchImage}'s height and width count patches.
 *
 * @param merge patches on each side of a feature
 * @param windows of each image
 */
record PatchOrder(int merge, Windows windows) {
    private record Key(PatchOrder order, String what) {}

    /**
     * Stretches of equal length behind each other.
     *
     * @param count how many
     * @param length patches of each
     */
    record Run(int count, int length) {}

    /**
     * A patch.
     *
     * @param row in its image
     * @param column in its image
     * @param height rows of its image
     * @param width columns of its image
     */
    record Patch(int row, int column, int height, int width) {}

    /** The stretches whose patches see each other if each sees its whole image. */
    List<Run> images(Batch batch) {
        return runs(batch.images().stream()
                .map(image -> image.height() * image.width())
                .toList());
    }

    /** The stretches whose patches see each other if each sees its window. */
    List<Run> windows(Batch batch) {
        List<Integer> lengths = new ArrayList<>();
        for (BatchImage image : batch.images()) {
            windows.of(image.height() / merge, image.width() / merge)
                    .forEach(window -> lengths.add(window.size() * merge * merge));
        }
        return runs(lengths);
    }

    private static List<Run> runs(List<Integer> lengths) {
        List<Run> runs = new ArrayList<>();
        for (int length : lengths) {
            if (!runs.isEmpty() && runs.getLast().length == length) {
                runs.add(new Run(runs.removeLast().count + 1, length));
            } else {
                runs.add(new Run(1, length));
            }
        }
        return runs;
    }

    /** All patches. */
    List<Patch> patches(Batch batch) {
        List<Patch> patches = new ArrayList<>();
        for (BatchImage image : batch.images()) {
            int columns = image.width() / merge;
            for (int unit : units(image)) {
                for (int inner = 0; inner < merge * merge; inner++) {
                    int row = unit / columns * merge + inner / merge;
                    int column = unit % columns * merge + inner % merge;
                    patches.add(new Patch(row, column, image.height(), image.width()));
                }
            }
        }
        return patches;
    }

    /** Patches [patches, ...] as the processor made them, feature by feature and row by row, put into this order. */
    NDArray ordered(NDArray x, Ops ops, Batch batch) {
        if (windows.equals(Windows.NONE)) {
            return x;
        }
        return ops.select(x, 0, batch.derived(new Key(this, "patches"), ops, () -> {
            long[] units = units(batch);
            long[] places = new long[units.length * merge * merge];
            for (int i = 0; i < places.length; i++) {
                places[i] = units[i / (merge * merge)] * merge * merge + i % (merge * merge);
            }
            return ops.of(places, places.length);
        }));
    }

    /** Features [features, ...] in this order put back row by row. */
    NDArray restored(NDArray x, Ops ops, Batch batch) {
        if (windows.equals(Windows.NONE)) {
            return x;
        }
        return ops.select(x, 0, batch.derived(new Key(this, "features"), ops, () -> {
            long[] units = units(batch);
            long[] places = new long[units.length];
            for (int i = 0; i < units.length; i++) {
                places[(int) units[i]] = i;
            }
            return ops.of(places, places.length);
        }));
    }

    /** The features of all images in this order, counted as the processor made them. */
    private long[] units(Batch batch) {
        List<Long> units = new ArrayList<>();
        for (BatchImage image : batch.images()) {
            int before = units.size();
            units(image).forEach(unit -> units.add((long) before + unit));
        }
        return units.stream().mapToLong(Long::longValue).toArray();
    }

    private List<Integer> units(BatchImage image) {
        int columns = image.width() / merge;
        List<Integer> units = new ArrayList<>();
        for (Windows.Window window : windows.of(image.height() / merge, columns)) {
            for (int i = 0; i < window.size(); i++) {
                units.add((window.top() + i / window.width()) * columns + window.left() + i % window.width());
            }
        }
        return units;
    }
}
