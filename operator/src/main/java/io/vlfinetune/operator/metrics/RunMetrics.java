package io.vlfinetune.operator.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.conditions.Conditions;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Counts what each written status changed. A status that could not be written counts for nothing. */
public final class RunMetrics {
    private static final Duration[] START_BUCKETS = {
        Duration.ofSeconds(1),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofMinutes(1),
        Duration.ofMinutes(2),
        Duration.ofMinutes(5),
        Duration.ofMinutes(15),
        Duration.ofHours(1),
        Duration.ofHours(6)
    };
    private static final String NEW = "New";

    private final MeterRegistry registry;
    private final Timer timeToStart;

    RunMetrics(MeterRegistry registry) {
        this.registry = registry;
        timeToStart = Timer.builder("vlfinetune.run.time.to.start")
                .description("From a run's creation to the first report of its first trainer")
                .serviceLevelObjectives(START_BUCKETS)
                .register(registry);
    }

    /**
     * A status was written.
     *
     * @param run the run, as it was when it was read
     * @param before its status until then
     * @param after what was written
     * @param now when
     */
    public void written(VLFineTune run, VLFineTuneStatus before, VLFineTuneStatus after, Instant now) {
        if (after.phase() != null && before.phase() != after.phase()) {
            transition(before.phase(), after);
        }
        Set<Integer> ended = before.attempts().stream()
                .filter(attempt -> attempt.endTime() != null)
                .map(AttemptStatus::number)
                .collect(Collectors.toSet());
        after.attempts().stream()
                .filter(attempt -> attempt.endTime() != null && !ended.contains(attempt.number()))
                .forEach(attempt -> attempts(attempt.reason()).increment());
        int replaced = Objects.requireNonNullElse(after.preemptions(), 0)
                - Objects.requireNonNullElse(before.preemptions(), 0);
        if (replaced > 0) {
            attempts("Preempted").increment(replaced);
        }
        if (startsForTheFirstTime(before, after)) {
            started(run, now);
        }
    }

    private void transition(@Nullable Phase from, VLFineTuneStatus after) {
        Counter.builder("vlfinetune.run.transitions")
                .description("Changes of phase that were written")
                .tag("from", from == null ? NEW : from.name())
                .tag("to", Objects.requireNonNull(after.phase()).name())
                .tag("reason", Reasons.of(after))
                .register(registry)
                .increment();
    }

    private Counter attempts(@Nullable String outcome) {
        return Counter.builder("vlfinetune.attempts")
                .description("Attempts that ended, and pods that were preempted or evicted")
                .tag("outcome", Reasons.bounded(outcome))
                .register(registry);
    }

    private static boolean startsForTheFirstTime(VLFineTuneStatus before, VLFineTuneStatus after) {
        return !Conditions.isTrue(before.conditions(), ConditionType.Running)
                && Conditions.isTrue(after.conditions(), ConditionType.Running)
                && Objects.equals(after.attempt(), 1)
                && after.preemptions() == null
                && before.progress() == null;
    }

    /** A server that says nothing of the creation leaves nothing to measure. */
    private void started(VLFineTune run, Instant now) {
        String created = run.getMetadata().getCreationTimestamp();
        if (created != null) {
            Duration wait = Duration.between(Instant.parse(created), now);
            // Clocks of server and operator differ.
            timeToStart.record(wait.isNegative() ? Duration.ZERO : wait);
        }
    }
}
