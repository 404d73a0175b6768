package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How long and how often a run is tried, and what remains of it.
 *
 * @param suspend true: the trainer writes a checkpoint and stops, and its GPUs are free; false again: it goes on there.
 * @param planOnly resolve the freeze plan, report it, and train nothing; takes no GPU.
 * @param maxRestarts attempts after the first that failures may cost.
 * @param activeDeadline longest time from the first step of work to the end, without the time in suspension.
 * @param pendingDeadline longest wait of an attempt for its trainer's first report: queue, node and image.
 * @param progressTimeout silence of a trainer after which its progress counts as lost.
 * @param onNoHeartbeat what then happens.
 * @param childrenTTL time after the end until Jobs, progress objects and the scratch volume of this run are deleted. The
 *     run itself stays.
 */
public record LifecycleSpec(
        @JsonPropertyDescription(
                "True: the trainer writes a checkpoint and stops, and its GPUs are free. False again: it goes on there.")
        @Default("false")
        Boolean suspend,

        @JsonPropertyDescription("Resolve the freeze plan, report it, and train nothing; takes no GPU.")
        @Default("false")
        Boolean planOnly,

        @JsonPropertyDescription("Attempts after the first that failures may cost.") @Default("3") @Min(0) @Max(100)
        Integer maxRestarts,

        @JsonPropertyDescription(
                "Longest time from the first step of work to the end, without the time in suspension, such as 24h.")
        @Size(min = 2, max = 24)
        @Pattern(Patterns.DURATION)
        @Nullable
        String activeDeadline,

        @JsonPropertyDescription(
                "Longest wait of an attempt for its trainer's first report (queue, node and image), such as 2h.")
        @Size(min = 2, max = 24)
        @Pattern(Patterns.DURATION)
        @Nullable
        String pendingDeadline,

        @JsonPropertyDescription("Silence of a trainer after which its progress counts as lost.")
        @Default("10m")
        @Size(min = 2, max = 24)
        @Pattern(Patterns.DURATION)
        String progressTimeout,

        @JsonPropertyDescription("What happens then: Report says so in a condition, Restart starts the next attempt.")
        @Default("Report")
        NoHeartbeatAction onNoHeartbeat,

        @JsonPropertyDescription(
                "Time after the end until Jobs, progress objects and the scratch volume of this run are deleted, such as 24h. The run itself stays. Absent: they stay with it.")
        @Size(min = 2, max = 24)
        @Pattern(Patterns.DURATION)
        @Nullable
        String childrenTTL) {
    private static final String PROGRESS_TIMEOUT = "10m";
    private static final int MAX_RESTARTS = 3;

    /** Three restarts, no deadlines. */
    public static final LifecycleSpec DEFAULT =
            new LifecycleSpec(false, false, MAX_RESTARTS, null, null, PROGRESS_TIMEOUT, NoHeartbeatAction.Report, null);

    /** Puts the defaults in the place of absent fields. */
    public LifecycleSpec {
        suspend = Objects.requireNonNullElse(suspend, false);
        planOnly = Objects.requireNonNullElse(planOnly, false);
        maxRestarts = Objects.requireNonNullElse(maxRestarts, MAX_RESTARTS);
        progressTimeout = Objects.requireNonNullElse(progressTimeout, PROGRESS_TIMEOUT);
        onNoHeartbeat = Objects.requireNonNullElse(onNoHeartbeat, NoHeartbeatAction.Report);
    }
}
