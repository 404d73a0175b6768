package io.vlfinetune.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.vlfinetune.operator.access.ProgressPolicy;
import io.vlfinetune.operator.health.HealthAddress;
import io.vlfinetune.operator.health.HealthEndpoint;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;

/** The operator in a cluster: configured by its environment, stopped by SIGTERM. */
public final class Main {
    private static final int USAGE = 2;

    private Main() {}

    /** Runs until it is told to stop; exits with 2 if its environment cannot be read. */
    public static void main(String[] arguments) {
        OperatorConfiguration configuration;
        InetSocketAddress probes;
        boolean policyVouchedFor;
        try {
            configuration = OperatorConfiguration.fromEnvironment(System.getenv());
            probes = HealthAddress.fromEnvironment(System.getenv());
            policyVouchedFor = ProgressPolicy.vouchedFor(System.getenv());
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(USAGE);
            return;
        }
        CountDownLatch stop = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> {
            stop.countDown();
            await(done);
        }));
        try {
            run(configuration, policyVouchedFor, probes, stop);
        } finally {
            done.countDown();
        }
    }

    @SuppressWarnings("try") // operator and endpoint work in the background until it is closed
    private static void run(
            OperatorConfiguration configuration,
            boolean policyVouchedFor,
            InetSocketAddress probes,
            CountDownLatch stop) {
        try (HealthEndpoint endpoint = HealthEndpoint.start(probes);
                KubernetesClient client = new KubernetesClientBuilder().build();
                VLFineTuneOperator operator = VLFineTuneOperator.start(
                        client, ProgressPolicy.settle(client, configuration, policyVouchedFor))) {
            endpoint.follow(operator::health);
            await(stop);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
