package io.vlfinetune.e2e.faults;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.StandardHttpClient;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.cli.embedded.OwnerCleanup;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.e2e.RealServer;
import io.vlfinetune.e2e.Rights;
import io.vlfinetune.e2e.chart.Chart;
import io.vlfinetune.operator.LeanSerialization;
import io.vlfinetune.operator.OperatorConfiguration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A real server of its own with a scripted node, a garbage collector and a login for operators; its cases share it. */
public final class Ground implements AutoCloseable {
    private static final String OPERATOR = "operator-behind-faults";

    private final RealApiServer server;
    private final Config login;
    private final KubernetesClient connected;
    private final StandardHttpClient<?, ?, ?> connections;
    private final Witness witness;
    private final ScriptedNode node;
    private final OwnerCleanup collector;
    private final ExecutorService undertaker = Executors.newCachedThreadPool(
            Thread.ofPlatform().name("undertaker-", 0).daemon().factory());
    private final AtomicInteger namespaces = new AtomicInteger();

    private Ground(RealApiServer server) {
        this.server = server;
        ClusterRole role = Chart.operatorRole();
        role.getMetadata().setName(OPERATOR);
        Rights rights = new Rights(server);
        rights.grant(OPERATOR, role);
        this.login = rights.login(OPERATOR);
        this.connected = new KubernetesClientBuilder()
                .withConfig(login)
                .withKubernetesSerialization(LeanSerialization.create())
                .build();
        this.connections = (StandardHttpClient<?, ?, ?>) connected.getHttpClient();
        User.await(
                "service of both kinds",
                User.PATIENCE,
                () -> served(VLFineTune.class) && served(VLFineTuneProgress.class));
        this.witness = new Witness(server.client());
        this.node = new ScriptedNode(server.client(), witness);
        this.collector = new OwnerCleanup(server.client());
    }

    /** A server that was told of a kind a moment ago still refuses lists from its cache. */
    private boolean served(Class<? extends HasMetadata> kind) {
        try {
            server.client()
                    .resources(kind)
                    .inAnyNamespace()
                    .list(new ListOptionsBuilder().withResourceVersion("0").build());
            return true;
        } catch (KubernetesClientException e) {
            return false;
        }
    }

    /** Starts it all. */
    static Ground start() throws IOException {
        return new Ground(RealServer.startIn(Path.of("target", "faults")));
    }

    public KubernetesClient client() {
        return server.client();
    }

    /** A namespace that nobody used before. */
    public String namespace() {
        String name = "faults-" + namespaces.incrementAndGet();
        client().resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .endMetadata()
                        .build())
                .create();
        return name;
    }

    /** The user of a run. */
    public User user(String namespace, String run) {
        return new User(client(), namespace, run, witness.record(namespace, run));
    }

    /** An operator, and a next one whenever it is killed, for one namespace. */
    public Lives operator(String namespace, Traffic traffic, @Nullable WatchFault startsStale) {
        return new Lives(
                login,
                connections,
                new OperatorConfiguration(
                        Set.of(namespace),
                        server.url(),
                        "trainer:local",
                        false,
                        Duration.ofMillis(200),
                        null,
                        Duration.ofMillis(20)),
                traffic,
                startsStale,
                undertaker);
    }

    /** What went wrong with the ground itself. */
    List<String> troubles() {
        return node.troubles();
    }

    @Override
    public void close() {
        node.close();
        witness.close();
        collector.close();
        undertaker.shutdownNow();
        connected.close();
        server.close();
    }
}
