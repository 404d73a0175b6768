package io.vlfinetune.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.e2e.chart.Chart;
import io.vlfinetune.operator.Main;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The operator's process in an election: how it ends when it is told to, and when it lost the Lease. */
@ExtendWith(RealServer.class)
class ElectedProcessTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String LEASE = "one-process";

    @TempDir
    private Path folder;

    private KubernetesClient user;
    private Process process;
    private int port;

    @BeforeEach
    void start(RealApiServer server) throws IOException {
        user = server.client();
        String token = new InstalledChart(server).install().token();
        Config login = new Rights(server).withToken(token);
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // Those of the image.
                "@"
                        + Path.of("..", "operator", "src", "main", "jib", "app", "jvm.options")
                                .toAbsolutePath(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName());
        builder.environment().keySet().removeIf(name -> name.startsWith("KUBE"));
        builder.environment()
                .putAll(Map.of(
                        "KUBERNETES_MASTER",
                        login.getMasterUrl(),
                        "KUBERNETES_AUTH_TOKEN",
                        token,
                        "KUBERNETES_CERTS_CA_DATA",
                        login.getCaCertData(),
                        "VLFINETUNE_TRAINER_IMAGE",
                        "local",
                        "VLFINETUNE_NAMESPACES",
                        InstalledChart.TEAM_A,
                        "VLFINETUNE_HEALTH_ADDRESS",
                        "127.0.0.1:" + port,
                        "VLFINETUNE_LEADER_ELECTION",
                        "true",
                        "VLFINETUNE_LEASE",
                        LEASE,
                        "VLFINETUNE_POD_NAME",
                        "operator-1",
                        "VLFINETUNE_POD_NAMESPACE",
                        Chart.NAMESPACE));
        process = builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
        await().atMost(PATIENCE).until(() -> ready().equals("ok\n"));
    }

    @AfterEach
    void stop() {
        process.destroyForcibly();
        user.leases().inNamespace(Chart.NAMESPACE).withName(LEASE).delete();
    }

    @Test
    void givenSigtermThenTheLeaseIsLetGoAndTheCodeIsZero() throws Exception {
        assertThat(lease().getSpec().getHolderIdentity()).isEqualTo("operator-1");

        process.destroy();

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output()).isZero();
        assertThat(lease().getSpec().getHolderIdentity()).isNullOrEmpty();
        assertThat(output()).contains("operator-1 leads", "operator-1 let go of the Lease");
    }

    @Test
    void givenALostLeaseThenTheProcessEndsAtOnceAndSaysWhy() throws Exception {
        user.leases()
                .inNamespace(Chart.NAMESPACE)
                .withName(LEASE)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\": {\"holderIdentity\": \"operator-2\"}}");

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output()).isEqualTo(3);
        assertThat(output()).contains("exit with 3: operator-1 lost the Lease vlfinetune-system/one-process");
        assertThat(lease().getSpec().getHolderIdentity()).isEqualTo("operator-2");
    }

    private Lease lease() {
        return user.leases().inNamespace(Chart.NAMESPACE).withName(LEASE).get();
    }

    private String ready() throws IOException {
        assertThat(process.isAlive()).as(output()).isTrue();
        try (var answer =
                URI.create("http://127.0.0.1:" + port + "/readyz").toURL().openStream()) {
            return new String(answer.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException notYet) {
            return "";
        }
    }

    private String output() throws IOException {
        return Files.readString(folder.resolve("output"));
    }
}
