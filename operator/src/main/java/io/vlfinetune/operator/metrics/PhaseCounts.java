package io.vlfinetune.operator.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.operator.conditions.Conditions;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** {@code vlfinetune_runs{phase}}: every phase has a gauge from the start; the cache is read once a scrape. */
final class PhaseCounts {
    private final Map<Phase, AtomicLong> counts = new EnumMap<>(Phase.class);
    private final AtomicLong silent = new AtomicLong();
    private volatile Supplier<Stream<VLFineTune>> cache = Stream::empty;

    PhaseCounts(MeterRegistry registry) {
        for (Phase phase : Phase.values()) {
            AtomicLong count = new AtomicLong();
            counts.put(phase, count);
            Gauge.builder("vlfinetune.runs", count, AtomicLong::get)
                    .description("Runs by phase, as this operator's cache has them")
                    .tag("phase", phase.name())
                    .register(registry);
        }
        Gauge.builder("vlfinetune.runs.without.heartbeat", silent, AtomicLong::get)
                .description("Runs whose trainer has been silent for longer than lifecycle.progressTimeout")
                .register(registry);
    }

    void from(Supplier<Stream<VLFineTune>> runs) {
        cache = runs;
    }

    void refresh() {
        Map<Phase, Long> now = new EnumMap<>(Phase.class);
        LongAdder withoutHeartbeat = new LongAdder();
        cache.get().forEach(run -> {
            now.merge(phase(run), 1L, Long::sum);
            if (isSilent(run)) {
                withoutHeartbeat.increment();
            }
        });
        counts.forEach((phase, count) -> count.set(now.getOrDefault(phase, 0L)));
        silent.set(withoutHeartbeat.sum());
    }

    private static boolean isSilent(VLFineTune run) {
        VLFineTuneStatus status = run.getStatus();
        return status != null
                && Conditions.find(status.conditions(), ConditionType.Progressing)
                        .filter(condition -> Reason.NoHeartbeat.name().equals(condition.reason()))
                        .isPresent();
    }

    /** A run that nobody has looked at yet is pending. */
    private static Phase phase(VLFineTune run) {
        VLFineTuneStatus status = run.getStatus();
        return status == null ? Phase.Pending : Objects.requireNonNullElse(status.phase(), Phase.Pending);
    }
}
