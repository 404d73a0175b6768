package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** An API server of this process' own, without controllers and without nodes. */
public interface ApiServer extends AutoCloseable {
    /** Namespace of every run. */
    String NAMESPACE = "default";

    /** Where it listens: on loopback, on a port of its own. */
    URI url();

    /** A client that may do anything; closed with the server. */
    KubernetesClient client();

    /** Service account of trainers; null where nobody asks who they are. */
    @Nullable
    String trainerServiceAccount();

    /** Stops it; what it stored is gone. */
    @Override
    void close();
}
