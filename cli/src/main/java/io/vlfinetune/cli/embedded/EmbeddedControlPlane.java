package io.vlfinetune.cli.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.VLFineTuneOperator;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A cluster inside this process: an API server on loopback, the real operator, and this machine as the node. Closing
 * stops the operator first, then the trainers, each of which writes a checkpoint, then the server.
 */
public final class EmbeddedControlPlane implements AutoCloseable {
    /** Nobody else watches this server; a person does. */
    private static final Duration PROGRESS_PERIOD = Duration.ofSeconds(1);

    private static final Duration RESTART_BACKOFF = Duration.ofSeconds(2);
    private static final String NO_IMAGE = "this-machine";

    private final ApiServer server;
    /** Ends what was started, the last first. */
    private final Deque<Runnable> started;

    private final AtomicBoolean closed = new AtomicBoolean();

    private EmbeddedControlPlane(ApiServer server, Deque<Runnable> started) {
        this.server = server;
        this.started = started;
    }

    /**
     * Starts everything on a server, which is closed with it, or at once where something does not start; returns once the
     * operator looks after runs.
     */
    public static EmbeddedControlPlane start(ApiServer server, LocalNode.Parts parts) {
        Deque<Runnable> started = new ArrayDeque<>(List.of(server::close));
        try {
            OwnerCleanup cleanup = new OwnerCleanup(server.client());
            started.push(cleanup::close);
            LocalNode node = LocalNode.start(server.client(), parts);
            started.push(node::close);
            VLFineTuneOperator operator = operator(server);
            started.push(operator::close);
            return new EmbeddedControlPlane(server, started);
        } catch (RuntimeException e) {
            started.forEach(Runnable::run);
            throw e;
        }
    }

    private static VLFineTuneOperator operator(ApiServer server) {
        OperatorConfiguration configuration = new OperatorConfiguration(
                Set.of(),
                server.url(),
                NO_IMAGE,
                true,
                RESTART_BACKOFF,
                server.trainerServiceAccount(),
                PROGRESS_PERIOD);
        return VLFineTuneOperator.start(server.client(), configuration);
    }

    /** The server's URL, with a port of its own. */
    public URI url() {
        return server.url();
    }

    /** A client of the server; closed with it. */
    public KubernetesClient client() {
        return server.client();
    }

    /** Creates a run. The resource has been validated: a mock server takes anything. */
    public VLFineTune create(ObjectNode resource) {
        VLFineTune run = Serialization.unmarshal(resource.toString(), VLFineTune.class);
        run.getMetadata().setNamespace(ApiServer.NAMESPACE);
        return server.client().resource(run).create();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            started.forEach(Runnable::run);
        }
    }
}
