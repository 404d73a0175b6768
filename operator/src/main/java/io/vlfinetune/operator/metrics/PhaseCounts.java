package io.vlfinetune.operator.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** {@code vlfinetune_runs{phase}}: every phase has a gauge from the start; the cache is read once a scrape. */
final class PhaseCounts {
    private final Map<Phase, AtomicLong> counts = new EnumMap<>(Phase.class);
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
    }

    void from(Supplier<Stream<VLFineTune>> runs) {
        cache = runs;
    }

    void refresh() {
        Map<Phase, Long> now = cache.get().collect(Collectors.groupingBy(PhaseCounts::phase, Collectors.counting()));
        Arrays.stream(Phase.values())
                .forEach(phase -> Objects.requireNonNull(counts.get(phase)).set(now.getOrDefault(phase, 0L)));
    }

    /** A run that nobody has looked at yet is pending. */
    private static Phase phase(VLFineTune run) {
        VLFineTuneStatus status = run.getStatus();
        return status == null ? Phase.Pending : Objects.requireNonNullElse(status.phase(), Phase.Pending);
    }
}
