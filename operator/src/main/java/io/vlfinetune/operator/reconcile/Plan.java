package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.VLFineTuneStatus;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one reconcile does.
 *
 * @param actions what to do, in order
 * @param status the whole next status; equal to the one before where there is nothing to write
 * @param requeueAfter when to look again although nothing happens; null: never
 */
public record Plan(
        List<Action> actions,
        VLFineTuneStatus status,
        @Nullable Duration requeueAfter) {
    /** Keeps a copy of the actions. */
    public Plan {
        actions = List.copyOf(actions);
    }
}
