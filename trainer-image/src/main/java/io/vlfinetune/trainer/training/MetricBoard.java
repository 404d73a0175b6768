package io.vlfinetune.trainer.training;

import io.vlfinetune.api.MetricStatus;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Every metric's latest, best and first value. The first one is the base model's, from before the first step. */
public final class MetricBoard {
    /**
     * A metric as a checkpoint keeps it.
     *
     * @param value latest value
     * @param step step of the latest value
     * @param best smallest value of a loss, largest of every other metric
     * @param bestStep step of the best value
     * @param baseline first value
     */
    public record Entry(double value, long step, double best, long bestStep, double baseline) {
        private Entry next(double value, long step, boolean smaller) {
            boolean better = smaller ? value < best : value > best;
            return new Entry(value, step, better ? value : best, better ? step : bestStep, baseline);
        }
    }

    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** An empty board. */
    public MetricBoard() {}

    /** A board as a checkpoint kept it. */
    public MetricBoard(Map<String, Entry> entries) {
        this.entries.putAll(entries);
    }

    /** Enters a value of a metric such as {@code in-domain/loss}. */
    public void add(String name, double value, long step) {
        Entry before = entries.get(name);
        entries.put(
                name,
                before == null
                        ? new Entry(value, step, value, step, value)
                        : before.next(value, step, name.endsWith("/loss")));
    }

    /** Whether the latest evaluation, at this step, gave a metric's best value so far. */
    public boolean best(String name, long step) {
        Entry entry = entries.get(name);
        return entry != null && entry.bestStep == step;
    }

    /** All entries by name, in the order in which they first came. */
    public Map<String, Entry> entries() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    /** The board as the run's status shows it. */
    public List<MetricStatus> status() {
        List<MetricStatus> made = new ArrayList<>();
        entries.forEach((name, entry) -> made.add(new MetricStatus(
                name, text(entry.value), entry.step, text(entry.best), entry.bestStep, text(entry.baseline))));
        return made;
    }

    private static String text(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }
}
