package io.vlfinetune.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.ConfigurationServiceOverrider;
import io.javaoperatorsdk.operator.api.config.ControllerConfigurationOverrider;
import io.javaoperatorsdk.operator.health.EventSourceHealthIndicator;
import io.javaoperatorsdk.operator.health.InformerHealthIndicator;
import io.javaoperatorsdk.operator.health.InformerWrappingEventSourceHealthIndicator;
import io.javaoperatorsdk.operator.processing.event.rate.LinearRateLimiter;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.attempt.Backoff;
import io.vlfinetune.operator.health.Health;
import io.vlfinetune.operator.reconcile.Planner;
import io.vlfinetune.operator.reconcile.VLFineTuneReconciler;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;

/** A running operator. */
public final class VLFineTuneOperator implements AutoCloseable {
    private static final int RECONCILES_PER_PERIOD = 20;
    private static final Duration SHORTEST_LIMIT_PERIOD = Duration.ofSeconds(1);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(5);

    private final Operator operator;

    private VLFineTuneOperator(Operator operator) {
        this.operator = operator;
    }

    /**
     * Starts to look after runs; returns once all caches are filled. Runs that exist are taken up where they stand, and
     * nothing is written for those of which nothing changed.
     *
     * @param client stays open when the operator is closed
     * @param configuration how the operator is set up
     */
    public static VLFineTuneOperator start(KubernetesClient client, OperatorConfiguration configuration) {
        return start(client, configuration, Clock.systemUTC(), Backoff.hashed());
    }

    static VLFineTuneOperator start(
            KubernetesClient client, OperatorConfiguration configuration, Clock clock, Backoff.Jitter jitter) {
        Operator operator = new Operator(overrider -> configure(overrider, client));
        VLFineTuneReconciler reconciler = new VLFineTuneReconciler(client, new Planner(configuration, jitter), clock);
        operator.register(reconciler, overrider -> configure(overrider, configuration));
        operator.start();
        return new VLFineTuneOperator(operator);
    }

    /** Server-side apply is not used: mock servers do not know it. */
    private static void configure(ConfigurationServiceOverrider overrider, KubernetesClient client) {
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
            ControllerConfigurationOverrider<VLFineTune> overrider, OperatorConfiguration configuration) {
        overrider
                .withRetry(VLFineTuneReconciler.retry(
                        () -> ThreadLocalRandom.current().nextDouble()))
                .withGenericFilter(Watched::byThisOperator)
                // JOSDK's own looks at the generation only: annotations and labels would change nothing.
                .withGenerationAware(false)
                .withOnUpdateFilter(Watched::matters)
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

    /** How its caches are: whether they run, and whether they follow the API server. */
    public Health.Started health() {
        Set<String> stopped = new TreeSet<>();
        Set<String> behind = new TreeSet<>();
        operator.getRuntimeInfo()
                .unhealthyEventSources()
                .values()
                .forEach(sources -> sources.forEach((name, source) -> (runs(source) ? behind : stopped).add(name)));
        return new Health.Started(List.copyOf(stopped), List.copyOf(behind));
    }

    private static boolean runs(EventSourceHealthIndicator source) {
        return !(source instanceof InformerWrappingEventSourceHealthIndicator<?> caches)
                || caches.informerHealthIndicators().values().stream().allMatch(InformerHealthIndicator::isRunning);
    }

    /** Stops; the client stays open, and running trainers go on. */
    @Override
    public void close() {
        operator.stop();
    }
}
