package io.vlfinetune.cli.embedded.realapi;

import io.fabric8.kubeapitest.KubeAPIServer;
import io.fabric8.kubeapitest.KubeAPIServerConfigBuilder;
import io.fabric8.kubeapitest.KubeAPITestException;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.vlfinetune.cli.embedded.ApiServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * kube-apiserver with etcd, both on loopback, started by Fabric8's kube-api-test. Everything of it, keys included, lies in
 * one folder that only this user can read and that goes when the server is closed.
 */
public final class RealApiServer implements ApiServer {
    private static final int STARTUP_MILLISECONDS = 120_000;

    private final KubeAPIServer server;
    private final ServerFolder folder;
    private final ClusterBasics basics;
    private final KubernetesClient client;
    private final Path kubectl;
    private final Path kubeconfig;

    private RealApiServer(KubeAPIServer server, ServerFolder folder, Path kubectl, Path kubeconfig) throws IOException {
        this.server = server;
        this.folder = folder;
        this.kubectl = kubectl;
        this.kubeconfig = kubeconfig;
        String login = server.getKubeConfigYaml();
        ServerFolder.kubeconfig(kubeconfig, login);
        this.client = client(Config.fromKubeconfig(login));
        this.basics = new ClusterBasics(client, folder.authority());
    }

    /**
     * Starts it and makes both kinds and the namespace of runs known.
     *
     * @param binaries folder with kube-apiserver, etcd and kubectl
     * @param work for its lifetime gets {@code kubeconfig}, readable by this user only, and {@code api-server}
     * @throws IOException if it does not start
     */
    public static RealApiServer start(Path binaries, Path work) throws IOException {
        ServerFolder folder = ServerFolder.create(work.resolve("api-server"), binaries);
        KubeAPIServer server = new KubeAPIServer(KubeAPIServerConfigBuilder.anAPIServerConfig()
                .withTestDir(folder.path().toString())
                .withOfflineMode(true)
                .withUpdateKubeConfig(false)
                .withStartupTimeout(STARTUP_MILLISECONDS)
                .withApiServerFlag("--bind-address", "127.0.0.1")
                // It would publish an address of this machine, and there is none but loopback to publish.
                .withApiServerFlag("--endpoint-reconciler-type", "none")
                .build());
        Thread hook = new Thread(server::stop);
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            server.start();
            RealApiServer started =
                    new RealApiServer(server, folder, binaries.resolve("kubectl"), work.resolve("kubeconfig"));
            started.basics.kinds();
            started.basics.namespace(NAMESPACE);
            Runtime.getRuntime().removeShutdownHook(hook);
            return started;
        } catch (KubeAPITestException | KubernetesClientException | IOException e) {
            server.stop();
            throw new IOException(
                    "the API server of " + binaries + " did not start: " + e.getMessage()
                            + " (try it by hand: kube-apiserver --version, etcd --version)",
                    e);
        }
    }

    private static KubernetesClient client(Config login) {
        return new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(login)
                        .withNamespace(NAMESPACE)
                        .withRequestRetryBackoffLimit(2)
                        .build())
                .build();
    }

    @Override
    public KubernetesClient client() {
        return client;
    }

    @Override
    public URI url() {
        return URI.create(client.getMasterUrl().toString().replaceFirst("/$", ""));
    }

    @Override
    public String trainerServiceAccount() {
        return ClusterBasics.TRAINER;
    }

    /** Certificate by which the server is known, PEM. */
    public String authority() {
        return basics.authority();
    }

    /** A kubectl of the server's version. */
    public Path kubectl() {
        return kubectl;
    }

    /** File with which {@code kubectl} may do anything. */
    public Path kubeconfig() {
        return kubeconfig;
    }

    /** Makes a further namespace in which runs can be. */
    public void createNamespace(String name) {
        basics.namespace(name);
    }

    @Override
    public void close() {
        client.close();
        server.stop();
        try {
            folder.delete();
            // A login to a server that is gone makes every tool complain that reads KUBECONFIG.
            Files.deleteIfExists(kubeconfig);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
