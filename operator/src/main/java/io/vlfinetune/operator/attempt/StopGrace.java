package io.vlfinetune.operator.attempt;

import io.vlfinetune.api.CheckpointStatus;
import java.time.Duration;
import java.util.Objects;
import java.util.stream.Stream;

/** How long a trainer has between SIGTERM and SIGKILL: it finishes its step and writes a checkpoint. */
public final class StopGrace {
    /** Of a trainer whose checkpoints nobody measured yet. */
    public static final Duration USUAL = Duration.ofMinutes(2);

    private static final Duration LONGEST = Duration.ofHours(1);
    /** For the step at hand. */
    private static final Duration STEP = Duration.ofMinutes(1);
    /** The last checkpoint is written beside other pods that are told to stop, onto the same volumes. */
    private static final long SLOWER = 3;

    private StopGrace() {}

    /** By the slowest checkpoint that was measured. */
    public static Duration by(Stream<CheckpointStatus> measured) {
        Duration grace = measured.map(CheckpointStatus::seconds)
                .filter(Objects::nonNull)
                .map(seconds -> STEP.plusSeconds(SLOWER * seconds))
                .max(Duration::compareTo)
                .orElse(USUAL);
        return grace.compareTo(USUAL) < 0 ? USUAL : grace.compareTo(LONGEST) > 0 ? LONGEST : grace;
    }
}
