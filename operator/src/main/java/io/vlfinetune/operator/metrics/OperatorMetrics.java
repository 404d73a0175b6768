package io.vlfinetune.operator.metrics;

import io.fabric8.kubernetes.client.http.Interceptor;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** All meters of one operator. The names stand in docs/observability.md, which a test compares with this code. */
public final class OperatorMetrics implements AutoCloseable {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics garbage = new JvmGcMetrics();
    private final PhaseCounts phases = new PhaseCounts(registry);
    private final RunMetrics runs = new RunMetrics(registry);
    private final ReconcileMetrics reconciles = new ReconcileMetrics(registry);
    private final RequestMetrics requests = new RequestMetrics(registry);
    private volatile BooleanSupplier leads = () -> false;

    /** Meters at zero, and those of JVM and process. */
    public OperatorMetrics() {
        Gauge.builder("vlfinetune.leader", this, operator -> operator.leads.getAsBoolean() ? 1 : 0)
                .description("1 where this operator looks after runs, 0 where it stands by or starts")
                .register(registry);
        garbage.bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        ResidentMemory.bindTo(registry);
    }

    /** What runs do. */
    public RunMetrics runs() {
        return runs;
    }

    /** What the SDK tells of reconciles. */
    public Metrics reconciles() {
        return reconciles;
    }

    /** Counts the requests of the client that it is added to. */
    public Interceptor requests() {
        return requests;
    }

    /**
     * Counts runs by phase from now on.
     *
     * @param cache the runs there are; asked once a scrape
     */
    public void runsFrom(Supplier<Stream<VLFineTune>> cache) {
        phases.from(cache);
    }

    /** Whether this operator leads; asked once a scrape. */
    public void leadsIf(BooleanSupplier leading) {
        leads = leading;
    }

    /** All meters in Prometheus' text format. */
    public String scrape() {
        phases.refresh();
        return registry.scrape();
    }

    @Override
    public void close() {
        garbage.close();
        registry.close();
    }
}
