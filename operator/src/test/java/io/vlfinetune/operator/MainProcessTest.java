package io.vlfinetune.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.cluster.MemoryApiServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operator as its pod starts it: environment, probes, a scrape, JSON on standard output, SIGTERM. */
class MainProcessTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String TOKEN = "a-token-that-nobody-may-read";

    @TempDir
    private Path folder;

    @Test
    void givenARunWhenScrapedAndToldToStopThenMetricsLogAndExitCodeSaySo() throws Exception {
        int port = freePort();
        try (MemoryApiServer server = new MemoryApiServer();
                KubernetesClient user = server.client("user");
                HttpClient http = HttpClient.newHttpClient()) {
            Process process = start(Map.of(
                    "VLFINETUNE_TRAINER_IMAGE",
                    "local",
                    "VLFINETUNE_NAMESPACES",
                    "team",
                    "VLFINETUNE_HEALTH_ADDRESS",
                    "127.0.0.1:" + port,
                    "KUBERNETES_MASTER",
                    user.getMasterUrl().toString(),
                    "KUBERNETES_AUTH_TOKEN",
                    TOKEN));
            try {
                await().atMost(PATIENCE).until(() -> process.isAlive() && status(http, port, "/readyz") == 200);
                user.resource(Samples.run(Samples.spec())).create();
                await().atMost(PATIENCE).until(() -> written(user));
                // The gauges count what the operator's watch has brought, which may be later than the write.
                await().atMost(PATIENCE)
                        .untilAsserted(
                                () -> assertThat(get(http, port, "/metrics").body())
                                        .contains("vlfinetune_runs{phase=\"Starting\"} 1.0", "vlfinetune_leader 1.0")
                                        .contains("vlfinetune_api_requests_total{code=\"2xx\",verb=\"create\"}")
                                        .contains("vlfinetune_reconcile_failures_total 0.0"));
                process.destroy();
                assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
                assertThat(process.exitValue()).as(output()).isZero();
            } finally {
                process.destroyForcibly();
            }
        }
        assertThat(output()).doesNotContain(TOKEN);
        assertThat(log())
                .allSatisfy(line -> {
                    assertThat(line.path("timestamp").asText()).matches("[0-9-]{10}T[0-9:.]{12}Z");
                    assertThat(line.path("level").asText()).isNotEmpty();
                    assertThat(line.path("logger").asText()).isNotEmpty();
                    assertThat(line.path("message").asText()).isNotEmpty();
                })
                .anySatisfy(line -> {
                    assertThat(line.path("message").asText()).contains("-> Starting");
                    assertThat(line.path("namespace").asText()).isEqualTo("team");
                    assertThat(line.path("name").asText()).isEqualTo("digits");
                    assertThat(line.path("generation").asText()).isEqualTo("1");
                    assertThat(line.path("attempt").asText()).isEqualTo("1");
                })
                .anySatisfy(line -> assertThat(line.path("message").asText()).isEqualTo("told to stop"));
    }

    @Test
    void givenAnEnvironmentThatCannotBeReadThenTheVariableIsNamedAndTheCodeIsUsage() throws Exception {
        Process process = start(Map.of("VLFINETUNE_TRAINER_IMAGE", "local", "VLFINETUNE_LEADER_ELECTION", "perhaps"));

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(2);
        assertThat(output()).contains("VLFINETUNE_LEADER_ELECTION is 'perhaps'");
    }

    private Process start(Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // Those of the image.
                "@" + Path.of("src", "main", "jib", "app", "jvm.options").toAbsolutePath(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName());
        builder.environment().keySet().removeIf(name -> name.startsWith("KUBE"));
        builder.environment().putAll(environment);
        return builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
    }

    private String output() throws IOException {
        return Files.readString(folder.resolve("output"));
    }

    private Stream<JsonNode> log() throws IOException {
        JsonMapper json = new JsonMapper();
        return output().lines().filter(line -> line.startsWith("{")).map(line -> {
            try {
                return json.readTree(line);
            } catch (IOException e) {
                throw new IllegalStateException("no JSON: " + line, e);
            }
        });
    }

    private static boolean written(KubernetesClient user) {
        VLFineTune run = user.resources(VLFineTune.class).withName("digits").get();
        return run.getStatus() != null && run.getStatus().phase() != null;
    }

    private static int status(HttpClient http, int port, String path) throws InterruptedException {
        try {
            return get(http, port, path).statusCode();
        } catch (IOException notYet) {
            return 0;
        }
    }

    private static HttpResponse<String> get(HttpClient http, int port, String path)
            throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }
}
