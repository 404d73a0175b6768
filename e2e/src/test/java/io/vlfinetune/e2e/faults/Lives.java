package io.vlfinetune.e2e.faults;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.StandardHttpClient;
import io.vlfinetune.operator.LeanSerialization;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.VLFineTuneOperator;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One operator after the other: whenever one is killed, or cannot start, the next one is started, as a kubelet would. Of
 * a killed one nothing passes its line any more; what is left of it in this process is put away in the background.
 */
public final class Lives implements AutoCloseable {
    private static final long RESTART_MILLIS = 50;

    private final Config login;
    private final StandardHttpClient<?, ?, ?> connections;
    private final OperatorConfiguration configuration;
    private final Traffic traffic;
    private final ExecutorService undertaker;
    private final @Nullable WatchFault startsStale;
    private volatile boolean closing;
    private volatile Line line;
    private final CountDownLatch started = new CountDownLatch(1);
    private final AtomicInteger count = new AtomicInteger();

    /**
     * Starts the first life, and returns when it follows the server.
     *
     * @param undertaker where dead operators are put away
     */
    Lives(
            Config login,
            StandardHttpClient<?, ?, ?> connections,
            OperatorConfiguration configuration,
            Traffic traffic,
            @Nullable WatchFault startsStale,
            ExecutorService undertaker) {
        this.login = login;
        this.connections = connections;
        this.configuration = configuration;
        this.traffic = traffic;
        this.startsStale = startsStale;
        this.undertaker = undertaker;
        this.line = new Line(traffic, null);
        Thread.ofVirtual().start(this::supervise);
    }

    /** Kills the operator now; the next life starts at once. */
    void kill() {
        line.cut();
    }

    /** Waits until an operator follows the server, but not for ever: it may be that none can. */
    public void awaitStart(long millis) throws InterruptedException {
        started.await(millis, TimeUnit.MILLISECONDS);
    }

    /** Number of lives so far. */
    public int count() {
        return count.get();
    }

    private void supervise() {
        while (!closing) {
            Line current = line;
            count.incrementAndGet();
            live(current);
            if (!closing) {
                line = new Line(traffic, version());
                pause();
            }
        }
    }

    private @Nullable Long version() {
        if (count.get() != 1 || startsStale == null || !traffic.fired()) {
            return null;
        }
        return switch (startsStale) {
            case KilledThenStaleFew -> traffic.fewBack();
            case KilledThenStaleStart -> traffic.start();
            case Freeze, FreezeAll, Disconnect, Expire, Gap, Rewind, StaleListFew, StaleListStart, Killed -> null;
        };
    }

    private void live(Line current) {
        KubernetesClient client = new KubernetesClientBuilder()
                .withKubernetesSerialization(LeanSerialization.create())
                .withHttpClientFactory(new FaultyHttp.Factory(current, connections))
                .withConfig(new ConfigBuilder(login)
                        // Real clients try for minutes, which would hide every fault from the operator.
                        .withRequestRetryBackoffLimit(traffic.clientRetries() ? 1 : 0)
                        .withRequestRetryBackoffInterval(50)
                        .withWatchReconnectInterval(50)
                        .build())
                .build();
        VLFineTuneOperator operator;
        try {
            operator = VLFineTuneOperator.start(client, configuration);
        } catch (RuntimeException e) {
            // The process ends with an error, and its pod is started again.
            current.cut();
            undertaker.execute(client::close);
            return;
        }
        started.countDown();
        current.end().join();
        undertaker.execute(() -> {
            operator.close();
            client.close();
        });
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(RESTART_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closing = true;
        line.cut();
    }
}
