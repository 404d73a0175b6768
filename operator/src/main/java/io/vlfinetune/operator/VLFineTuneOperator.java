package io.vlfinetune.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.ConfigurationServiceOverrider;
import io.javaoperatorsdk.operator.api.config.ControllerConfigurationOverrider;
import io.javaoperatorsdk.operator.api.monitoring.AggregatedMetrics;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.health.EventSourceHealthIndicator;
import io.javaoperatorsdk.operator.health.InformerHealthIndicator;
import io.javaoperatorsdk.operator.health.InformerWrappingEventSourceHealthIndicator;
import io.javaoperatorsdk.operator.processing.event.rate.LinearRateLimiter;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.attempt.Backoff;
import io.vlfinetune.operator.health.Health;
import io.vlfinetune.operator.leadership.Leadership;
import io.vlfinetune.operator.metrics.OperatorMetrics;
import io.vlfinetune.operator.reconcile.Planner;
import io.vlfinetune.operator.reconcile.VLFineTuneReconciler;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running operator. */
public final class VLFineTuneOperator implements AutoCloseable {
    private static final int RECONCILES_PER_PERIOD = 20;
    private static final Duration SHORTEST_LIMIT_PERIOD = Duration.ofSeconds(1);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(VLFineTuneOperator.class);

    private final KubernetesClient client;
    private final Operator operator;
    private final SupervisedReconciler reconciler;
    private final Optional<Leadership> leadership;

    private VLFineTuneOperator(
            KubernetesClient client,
            Operator operator,
            SupervisedReconciler reconciler,
            Optional<Leadership> leadership) {
        this.client = client;
        this.operator = operator;
        this.reconciler = reconciler;
        this.leadership = leadership;
    }

    /**
     * Starts to look after runs; returns once all caches are filled. Runs that exist are taken up where they stand, and
     * nothing is written for those of which nothing changed.
     *
     * @param client stays open when the operator is closed
     * @param configuration how the operator is set up
     */
    @SuppressWarnings("resource") // its only resource is a listener of the JVM's, which nobody but tests outlives
    public static VLFineTuneOperator start(KubernetesClient client, OperatorConfiguration configuration) {
        return start(client, configuration, new OperatorMetrics(), Optional.empty());
    }

    /**
     * The same, counted, and where there is an election only once this operator leads.
     *
     * @param client stays open when the operator is closed; counted where {@link OperatorMetrics#requests()} was added
     * @param configuration how the operator is set up
     * @param metrics stay open when the operator is closed
     * @param leadership this operator's part among several; absent: it is the only one
     */
    public static VLFineTuneOperator start(
            KubernetesClient client,
            OperatorConfiguration configuration,
            OperatorMetrics metrics,
            Optional<Leadership> leadership) {
        return start(client, configuration, new Parts(Clock.systemUTC(), Backoff.hashed(), metrics, leadership));
    }

    @SuppressWarnings("resource") // as above
    static VLFineTuneOperator start(
            KubernetesClient client, OperatorConfiguration configuration, Clock clock, Backoff.Jitter jitter) {
        return start(client, configuration, new Parts(clock, jitter, new OperatorMetrics(), Optional.empty()));
    }

    /** What an operator works with. */
    private record Parts(
            Clock clock, Backoff.Jitter jitter, OperatorMetrics metrics, Optional<Leadership> leadership) {}

    private static VLFineTuneOperator start(KubernetesClient client, OperatorConfiguration configuration, Parts parts) {
        SupervisedReconciler reconciler = new SupervisedReconciler(
                new VLFineTuneReconciler(
                        client,
                        new Planner(configuration, parts.jitter()),
                        parts.clock(),
                        parts.metrics().runs()),
                parts.metrics());
        Metrics metrics = new AggregatedMetrics(List.of(parts.metrics().reconciles(), reconciler.departures()));
        Operator operator = new Operator(overrider -> configure(overrider.withMetrics(metrics), client, parts));
        operator.register(reconciler, overrider -> configure(overrider, configuration, reconciler));
        operator.start();
        reconciler.started(parts.clock().instant());
        parts.metrics().leadsIf(() -> parts.leadership().map(Leadership::leads).orElse(true));
        return new VLFineTuneOperator(client, operator, reconciler, parts.leadership());
    }

    /** Server-side apply is not used: mock servers do not know it. */
    private static void configure(ConfigurationServiceOverrider overrider, KubernetesClient client, Parts parts) {
        parts.leadership().ifPresent(one -> overrider.withLeaderElectionConfiguration(one.configuration(client)));
        overrider
                .withKubernetesClient(client)
                .withCloseClientOnStop(false)
                .withUseSSAToPatchPrimaryResource(false)
                .withSSABasedCreateUpdateMatchForDependentResources(false)
                .withPreviousAnnotationForDependentResources(false)
                .withReconciliationTerminationTimeout(STOP_PATIENCE)
                .checkingCRDAndValidateLocalModel(false);
    }

    private static void configure(
            ControllerConfigurationOverrider<VLFineTune> overrider,
            OperatorConfiguration configuration,
            SupervisedReconciler reconciler) {
        overrider
                .withRetry(VLFineTuneReconciler.retry(
                        () -> ThreadLocalRandom.current().nextDouble()))
                .withInformerListLimit(OperatorConfiguration.LIST_LIMIT)
                .withGenericFilter(Watched::byThisOperator)
                // JOSDK's own looks at the generation only: annotations and labels would change nothing.
                .withGenerationAware(false)
                .withOnUpdateFilter(reconciler::changed)
                .withRateLimiter(new LinearRateLimiter(limitPeriod(configuration), RECONCILES_PER_PERIOD));
        if (configuration.namespaces().isEmpty()) {
            overrider.watchingAllNamespaces();
        } else {
            overrider.settingNamespaces(configuration.namespaces());
        }
    }

    /** A run that changes wildly must not keep the operator from the others. */
    private static Duration limitPeriod(OperatorConfiguration configuration) {
        Duration period = configuration.progressPeriod();
        return period.compareTo(SHORTEST_LIMIT_PERIOD) < 0 ? SHORTEST_LIMIT_PERIOD : period;
    }

    /** How its caches are: whether they run, and whether they follow the API server; and whether it leads. */
    public Health.Started health() {
        Set<String> stopped = new TreeSet<>();
        Set<String> behind = new TreeSet<>();
        operator.getRuntimeInfo()
                .unhealthyEventSources()
                .values()
                .forEach(sources -> sources.forEach((name, source) -> (runs(source) ? behind : stopped).add(name)));
        return new Health.Started(List.copyOf(stopped), List.copyOf(behind), role());
    }

    private Health.Role role() {
        return leadership.isEmpty() || leadership.get().leads()
                ? new Health.Leading()
                : new Health.StandingBy(leadership.get().leader().orElse(null));
    }

    private static boolean runs(EventSourceHealthIndicator source) {
        return !(source instanceof InformerWrappingEventSourceHealthIndicator<?> caches)
                || caches.informerHealthIndicators().values().stream().allMatch(InformerHealthIndicator::isRunning);
    }

    /**
     * Stops: begins no further reconcile, waits a bounded time for those at work, and lets go of the Lease, so that
     * another operator takes over at once. The client stays open, and running trainers go on.
     */
    @Override
    public void close() {
        leadership.ifPresent(Leadership::stopping);
        int left = reconciler.stop(STOP_PATIENCE);
        if (left > 0) {
            LOG.warn("{} reconciles did not end within {} and are interrupted", left, STOP_PATIENCE);
        }
        operator.stop();
        leadership.ifPresent(one -> one.release(client));
    }
}
