package io.vlfinetune.operator.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HealthEndpointTest {
    private static final InetSocketAddress ANYWHERE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final HealthEndpoint endpoint = HealthEndpoint.start(ANYWHERE);
    private final HttpClient http = HttpClient.newHttpClient();

    @AfterEach
    void stop() {
        http.close();
        endpoint.close();
    }

    @Test
    void givenAnOperatorThatStartsThenItIsAliveAndNotReady() throws Exception {
        assertThat(ask("GET", "/healthz").statusCode()).isEqualTo(200);

        HttpResponse<String> ready = ask("GET", "/readyz");
        assertThat(ready.statusCode()).isEqualTo(503);
        assertThat(ready.body()).contains("caches are being filled");
    }

    @Test
    void givenAStartedOperatorThenItIsAliveAndReady() throws Exception {
        endpoint.follow(() -> new Health.Started(List.of(), List.of()));

        assertThat(ask("GET", "/healthz").statusCode()).isEqualTo(200);
        assertThat(ask("GET", "/readyz").statusCode()).isEqualTo(200);
    }

    @Test
    void givenCachesThatLostTheApiServerThenItIsAliveButNotReady() throws Exception {
        endpoint.follow(() -> new Health.Started(List.of(), List.of("jobs", "pods")));

        assertThat(ask("GET", "/healthz").statusCode()).isEqualTo(200);
        HttpResponse<String> ready = ask("GET", "/readyz");
        assertThat(ready.statusCode()).isEqualTo(503);
        assertThat(ready.body()).contains("jobs, pods");
    }

    @Test
    void givenACacheThatGaveUpThenItIsNeitherAndTheCacheIsNamed() throws Exception {
        endpoint.follow(() -> new Health.Started(List.of("jobs"), List.of("pods")));

        assertThat(ask("GET", "/readyz").body()).contains("jobs, pods");
        HttpResponse<String> alive = ask("GET", "/healthz");
        assertThat(alive.statusCode()).isEqualTo(503);
        assertThat(alive.body()).contains("have stopped: jobs").doesNotContain("pods");
    }

    @Test
    void givenAnOperatorThatStandsByThenItIsReadyAndSaysWhoLeads() throws Exception {
        endpoint.follow(() -> new Health.Started(List.of(), List.of(), new Health.StandingBy("operator-2")));

        HttpResponse<String> ready = ask("GET", "/readyz");
        assertThat(ready.statusCode()).isEqualTo(200);
        assertThat(ready.body()).isEqualTo("standing by: operator-2 leads\n");
        assertThat(ask("GET", "/healthz").statusCode()).isEqualTo(200);

        endpoint.follow(() -> new Health.Started(List.of(), List.of("jobs"), new Health.StandingBy(null)));
        assertThat(ask("GET", "/readyz").statusCode()).isEqualTo(503);
    }

    @Test
    void givenMetricsThenTheyAreServedAsPrometheusText() throws Exception {
        endpoint.scrape(() -> "a 1.0\n");

        HttpResponse<String> metrics = ask("GET", "/metrics");
        assertThat(metrics.statusCode()).isEqualTo(200);
        assertThat(metrics.headers().firstValue("Content-Type")).contains("text/plain; version=0.0.4; charset=utf-8");
        assertThat(metrics.body()).isEqualTo("a 1.0\n");
    }

    @Test
    void givenAnotherPathOrMethodThenItIsRefused() throws Exception {
        assertThat(ask("GET", "/healthz/more").statusCode()).isEqualTo(404);
        assertThat(ask("POST", "/healthz").statusCode()).isEqualTo(405);
    }

    @Test
    void givenATakenAddressThenTheMessageNamesItAndTheVariable() {
        assertThatThrownBy(() -> HealthEndpoint.start(endpoint.address()))
                .hasMessageContaining(Integer.toString(endpoint.address().getPort()))
                .hasMessageContaining("VLFINETUNE_HEALTH_ADDRESS");
    }

    @Test
    void givenNoAddressThenTheKubeletCanReachItOnPort8080() {
        assertThat(HealthAddress.fromEnvironment(Map.of())).isEqualTo(new InetSocketAddress("0.0.0.0", 8080));
    }

    @Test
    void givenAnAddressThenItIsTaken() {
        assertThat(HealthAddress.fromEnvironment(Map.of("VLFINETUNE_HEALTH_ADDRESS", " 127.0.0.1:9090 ")))
                .isEqualTo(new InetSocketAddress(InetAddress.getLoopbackAddress(), 9090));
    }

    @Test
    void givenWhatIsNoAddressThenTheVariableIsNamed() {
        for (String text : List.of("8080", "127.0.0.1:", "127.0.0.1:70000", "a b:80")) {
            assertThatThrownBy(() -> HealthAddress.fromEnvironment(Map.of("VLFINETUNE_HEALTH_ADDRESS", text)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("VLFINETUNE_HEALTH_ADDRESS is '" + text + "'");
        }
    }

    private HttpResponse<String> ask(String method, String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + endpoint.address().getPort() + path);
        HttpRequest request = HttpRequest.newBuilder(uri)
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }
}
