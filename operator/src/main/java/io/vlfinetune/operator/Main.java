package io.vlfinetune.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.vlfinetune.operator.access.ProgressPolicy;
import io.vlfinetune.operator.health.HealthAddress;
import io.vlfinetune.operator.health.HealthEndpoint;
import io.vlfinetune.operator.leadership.LeaderElection;
import io.vlfinetune.operator.leadership.Leadership;
import io.vlfinetune.operator.metrics.OperatorMetrics;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator in a cluster: configured by its environment, stopped by SIGTERM. Exit codes: 0 after SIGTERM, 1 when it
 * could not start or not stop in time, 2 for an environment that cannot be read, 3 when it lost the Lease.
 */
public final class Main {
    private static final Logger LOG = LoggerFactory.getLogger(Main.class);
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final int LEASE_LOST = 3;
    /** Less than the pod's grace period. */
    private static final int STOP_SECONDS = 20;

    /** All that the environment says. */
    private record Settings(
            OperatorConfiguration configuration,
            boolean policyVouchedFor,
            InetSocketAddress address,
            Optional<LeaderElection> election) {
        static Settings of(Map<String, String> environment) {
            return new Settings(
                    OperatorConfiguration.fromEnvironment(environment),
                    ProgressPolicy.vouchedFor(environment),
                    HealthAddress.fromEnvironment(environment),
                    LeaderElection.fromEnvironment(environment));
        }
    }

    private Main() {}

    /** Runs until it is told to stop; exits with 2 if its environment cannot be read. */
    public static void main(String[] arguments) {
        Settings settings;
        try {
            settings = Settings.of(System.getenv());
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(USAGE);
            return;
        }
        CountDownLatch stop = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(1);
        AtomicBoolean stopped = new AtomicBoolean();
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> {
            stop.countDown();
            await(done);
            // Without it the code would be the signal's, or 0 after a start that failed.
            Runtime.getRuntime().halt(stopped.get() ? 0 : FAILED);
        }));
        try {
            run(settings, stop);
            stopped.set(true);
        } catch (RuntimeException e) {
            LOG.error("the operator could not start: {}", e.getMessage(), e);
        } finally {
            done.countDown();
        }
        System.exit(FAILED);
    }

    @SuppressWarnings("try") // operator and endpoint work in the background until they are closed
    private static void run(Settings settings, CountDownLatch stop) {
        Optional<Leadership> leadership = settings.election().map(one -> new Leadership(one, Main::leaseLost));
        try (OperatorMetrics metrics = new OperatorMetrics();
                HealthEndpoint endpoint = HealthEndpoint.start(settings.address())) {
            endpoint.scrape(metrics::scrape);
            try (KubernetesClient client = client(metrics);
                    VLFineTuneOperator operator = VLFineTuneOperator.start(
                            client,
                            ProgressPolicy.settle(client, settings.configuration(), settings.policyVouchedFor()),
                            metrics,
                            leadership)) {
                endpoint.follow(operator::health);
                stop.await();
                LOG.info("told to stop");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static KubernetesClient client(OperatorMetrics metrics) {
        return new KubernetesClientBuilder()
                .withKubernetesSerialization(LeanSerialization.create())
                .withHttpClientBuilderConsumer(http -> http.addOrReplaceInterceptor("metrics", metrics.requests()))
                .build();
    }

    /** Another operator may lead already: no hook may delay the end. The pod is started anew and stands by. */
    private static void leaseLost(String words) {
        LOG.error("exit with {}: {}", LEASE_LOST, words);
        Runtime.getRuntime().halt(LEASE_LOST);
    }

    private static void await(CountDownLatch done) {
        try {
            if (!done.await(STOP_SECONDS, TimeUnit.SECONDS)) {
                LOG.error("not stopped within {} s", STOP_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
