package io.vlfinetune.operator.metrics;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.api.reconciler.RetryInfo;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The SDK's own Micrometer classes put names of resources into labels; this one has none. */
final class ReconcileMetrics implements Metrics {
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(1),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofMillis(2500),
        Duration.ofSeconds(10)
    };

    private final Timer duration;
    private final Counter failures;
    /** Handed to the pool and not finished. */
    private final AtomicInteger submitted = new AtomicInteger();

    private final AtomicInteger running = new AtomicInteger();

    ReconcileMetrics(MeterRegistry registry) {
        duration = Timer.builder("vlfinetune.reconcile.duration")
                .description("Time of one reconcile")
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
        failures = Counter.builder("vlfinetune.reconcile.failures")
                .description("Reconciles that threw and are tried again")
                .register(registry);
        Gauge.builder("vlfinetune.reconcile.queue", this, ReconcileMetrics::waiting)
                .description("Reconciles that wait for a free thread")
                .register(registry);
        Gauge.builder("vlfinetune.reconcile.running", running, AtomicInteger::get)
                .description("Reconciles at work")
                .register(registry);
    }

    private int waiting() {
        return Math.max(0, submitted.get() - running.get());
    }

    @Override
    public void reconcileCustomResource(HasMetadata run, @Nullable RetryInfo retry, Map<String, Object> metadata) {
        submitted.incrementAndGet();
    }

    @Override
    public void reconciliationExecutionFinished(@Nullable HasMetadata run, Map<String, Object> metadata) {
        submitted.decrementAndGet();
    }

    @Override
    public void failedReconciliation(HasMetadata run, Exception problem, Map<String, Object> metadata) {
        failures.increment();
    }

    @Override
    public <T> T timeControllerExecution(ControllerExecution<T> execution) throws Exception {
        running.incrementAndGet();
        Timer.Sample sample = Timer.start();
        try {
            return execution.execute();
        } finally {
            sample.stop(duration);
            running.decrementAndGet();
        }
    }
}
