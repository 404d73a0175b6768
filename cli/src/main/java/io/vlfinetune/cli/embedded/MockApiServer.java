package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.fabric8.kubernetes.client.server.mock.KubernetesMixedDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.ServerRequest;
import io.fabric8.mockwebserver.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Fabric8's mock of an API server in CRUD mode, on a loopback port that nobody else can reach. It knows both of our
 * kinds with their status subresources; it validates nothing and collects no garbage.
 */
public final class MockApiServer implements ApiServer {
    private static final List<String> CRDS =
            List.of("vlfinetunes.vlfinetune.io.yaml", "vlfinetuneprogresses.vlfinetune.io.yaml");

    /** It would write every request to the terminal. Held here, since the logging of the JDK forgets what nobody holds. */
    private final Logger chatter = Logger.getLogger(MockWebServer.class.getName());

    private final KubernetesMockServer server;
    private final KubernetesClient client;

    /** Starts it on a free port. */
    public MockApiServer() {
        chatter.setLevel(Level.WARNING);
        Map<ServerRequest, Queue<ServerResponse>> responses = new ConcurrentHashMap<>();
        List<CustomResourceDefinitionContext> kinds =
                CRDS.stream().map(MockApiServer::definition).toList();
        server = new KubernetesMockServer(
                new Context(),
                new MockWebServer(),
                responses,
                new MergePatchDispatcher(new KubernetesMixedDispatcher(responses, kinds)),
                false);
        server.init(InetAddress.getLoopbackAddress(), 0);
        client = server.createClient(builder -> builder.editOrNewConfig()
                .withNamespace(NAMESPACE)
                .withRequestRetryBackoffLimit(2)
                .endConfig());
    }

    private static CustomResourceDefinitionContext definition(String name) {
        try (InputStream in =
                Objects.requireNonNull(MockApiServer.class.getResourceAsStream("/META-INF/vlfinetune/crds/" + name))) {
            return CustomResourceDefinitionContext.fromCrd(Serialization.unmarshal(in, CustomResourceDefinition.class));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public KubernetesClient client() {
        return client;
    }

    @Override
    public URI url() {
        return URI.create("http://" + server.getHostName() + ":" + server.getPort());
    }

    @Override
    public @Nullable String trainerServiceAccount() {
        return null;
    }

    @Override
    public void close() {
        client.close();
        try {
            server.destroy();
        } catch (IllegalStateException e) {
            // A message to a watch that has just gone holds it up for half a minute; nobody needs that to end well.
            chatter.log(Level.FINE, "the mock API server did not close in time", e);
        }
    }
}
