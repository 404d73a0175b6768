package io.vlfinetune.operator.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fabric8's mock server with both of our kinds, on loopback. */
public final class MemoryApiServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryApiServer.class);

    private final RecordingDispatcher dispatcher = new RecordingDispatcher(List.of(
            CustomResourceDefinitionContext.fromCustomResourceType(VLFineTune.class),
            CustomResourceDefinitionContext.fromCustomResourceType(VLFineTuneProgress.class)));
    private final KubernetesMockServer server =
            new KubernetesMockServer(new Context(), new MockWebServer(), new ConcurrentHashMap<>(), dispatcher, false);

    /** Starts it on a free port. */
    public MemoryApiServer() {
        server.init(InetAddress.getLoopbackAddress(), 0);
    }

    /** A client whose requests are recorded under its name. */
    public KubernetesClient client(String name) {
        return server.createClient(builder -> builder.editOrNewConfig()
                .withNamespace("team")
                .withUserAgent(name)
                // By default a refused request is tried for a minute and looks like a hang.
                .withRequestRetryBackoffLimit(1)
                .endConfig());
    }

    /** Writes of the client of that name so far, as {@code METHOD path}. */
    public List<String> writes(String name) {
        return dispatcher.writes(name);
    }

    /** Reads of the client of that name so far, as {@code GET path?parameters}, watches included. */
    public List<String> reads(String name) {
        return dispatcher.reads(name);
    }

    @Override
    public void close() {
        try {
            server.destroy();
        } catch (IllegalStateException e) {
            // A message to a watch that has just gone holds it up for half a minute; nobody needs that to end well.
            LOG.debug("the server in memory did not close in time", e);
        }
    }
}
