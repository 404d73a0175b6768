package io.vlfinetune.trainer.training;

import io.vlfinetune.api.PlateauSpec;
import org.jspecify.annotations.Nullable;

/**
 * When a metric counts as no longer getting better.
 *
 * @param spec as declared
 */
public record Plateau(PlateauSpec spec) {
    /**
     * What has been seen of a metric.
     *
     * @param best its best value
     * @param evaluations evaluations since, none of which was better by the least difference
     */
    public record Seen(double best, int evaluations) {}

    /** Takes a value in. */
    public Seen next(@Nullable Seen before, double value) {
        if (before == null) {
            return new Seen(value, 0);
        }
        double gain = spec.metric().endsWith("/loss") ? before.best - value : value - before.best;
        boolean better = gain > Double.parseDouble(spec.minDelta());
        return better ? new Seen(value, 0) : new Seen(before.best, before.evaluations + 1);
    }

    /** Whether patience is at its end. */
    public boolean reached(@Nullable Seen seen) {
        return seen != null && seen.evaluations >= spec.patience();
    }
}
