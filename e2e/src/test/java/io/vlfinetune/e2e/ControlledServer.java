package io.vlfinetune.e2e;

import io.fabric8.kubernetes.client.Config;
import io.vlfinetune.cli.embedded.realapi.ControlPlaneBinaries;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.e2e.chart.Chart;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * A real API server with the real controllers of Jobs, owners (the garbage collector), namespaces, claims and times to
 * live. It is another one than {@link RealServer}'s, where the local node plays those parts.
 *
 * @param server the server
 * @param manager kube-controller-manager
 * @param operatorLogin login of a service account with the rights of the chart's role and no others
 * @param folder logs of what works on the server
 */
record ControlledServer(RealApiServer server, Program manager, Config operatorLogin, Path folder)
        implements AutoCloseable {
    private static final String OPERATOR = "vlfinetune-operator";
    private static final String CONTROLLERS = String.join(
            ",",
            "job-controller",
            "garbage-collector-controller",
            "namespace-controller",
            "ttl-after-finished-controller",
            "persistentvolumeclaim-protection-controller");

    private static ControlledServer start() throws IOException {
        Path binaries = ControlPlaneBinaries.ensure(
                Path.of("control-plane").toAbsolutePath(), System.getenv(), System.err::println);
        Path controllers = TestPrograms.controllers();
        Path folder =
                Files.createDirectories(Path.of("target", "controlled-server")).toRealPath();
        RealApiServer server = RealApiServer.start(binaries, folder);
        try {
            Program manager = Program.start(
                    List.of(
                            controllers.resolve("kube-controller-manager").toString(),
                            "--kubeconfig=" + server.kubeconfig(),
                            "--controllers=" + CONTROLLERS,
                            "--leader-elect=false",
                            "--secure-port=0",
                            "--kube-api-qps=300",
                            "--kube-api-burst=600"),
                    folder.resolve("kube-controller-manager.log"));
            Rights rights = new Rights(server);
            rights.grant(OPERATOR, Chart.operatorRole());
            return new ControlledServer(server, manager, rights.login(OPERATOR), folder);
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    @Override
    public void close() {
        manager.close();
        server.close();
    }

    /** Hands the one of this module to tests; it is started for the first and stopped after the last. */
    static final class Resolver implements ParameterResolver {
        private static final ExtensionContext.Namespace STORE = ExtensionContext.Namespace.create(Resolver.class);

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == ControlledServer.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot()
                    .getStore(STORE)
                    .computeIfAbsent(
                            ControlledServer.class,
                            type -> {
                                try {
                                    return start();
                                } catch (IOException e) {
                                    throw new UncheckedIOException(e);
                                }
                            },
                            ControlledServer.class);
        }
    }
}
