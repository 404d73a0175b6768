package io.vlfinetune.operator.health;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Answers {@code GET /healthz} and {@code GET /readyz} with 200 or 503 and one line that says why, and {@code GET
 * /metrics} as Prometheus asks for it.
 *
 * <p>A starting operator is alive and not ready: filling the caches of a large cluster takes longer than a probe waits.
 * One that has lost the API server is alive, too, since a restart would not find it sooner. One of whose caches has given
 * up is neither, and a restart fills it anew. One that stands by is ready: it does what it is there for.
 */
public final class HealthEndpoint implements AutoCloseable {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

    private final HttpServer server;
    /** A client that reads slowly must not keep the kubelet waiting. */
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private volatile Supplier<Health> health = Health.Starting::new;
    private volatile Supplier<String> metrics = () -> "";

    private HealthEndpoint(HttpServer server) {
        this.server = server;
    }

    /**
     * Starts to answer, for an operator that is starting.
     *
     * @param address where; port 0: any free one
     * @throws UncheckedIOException the address cannot be listened on; names it
     */
    public static HealthEndpoint start(InetSocketAddress address) {
        HttpServer server;
        try {
            server = HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot answer probes on %s: %s; set %s to a free address"
                            .formatted(address, e.getMessage(), HealthAddress.VARIABLE),
                    e);
        }
        HealthEndpoint endpoint = new HealthEndpoint(server);
        server.createContext("/", endpoint::answer);
        server.setExecutor(endpoint.threads);
        server.start();
        return endpoint;
    }

    /** Answers for an operator from now on; it is asked each time, from another thread. */
    public void follow(Supplier<Health> operator) {
        health = operator;
    }

    /** Answers {@code /metrics} from now on; it is asked each time, from another thread. */
    public void scrape(Supplier<String> prometheusText) {
        metrics = prometheusText;
    }

    /** Where it answers. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!exchange.getRequestMethod().equals("GET")) {
                send(exchange, HttpURLConnection.HTTP_BAD_METHOD, "GET only");
                return;
            }
            switch (exchange.getRequestURI().getPath()) {
                case "/healthz" -> alive(exchange, health.get());
                case "/readyz" -> ready(exchange, health.get());
                case "/metrics" -> send(exchange, HttpURLConnection.HTTP_OK, PROMETHEUS_TEXT, metrics.get());
                default -> send(exchange, HttpURLConnection.HTTP_NOT_FOUND, "/healthz, /readyz and /metrics are here");
            }
        }
    }

    private static void alive(HttpExchange exchange, Health health) throws IOException {
        switch (health) {
            case Health.Starting _ -> send(exchange, HttpURLConnection.HTTP_OK, "starting");
            case Health.Started(List<String> stopped, List<String> _, Health.Role role) ->
                caches(exchange, "have stopped", stopped, role);
        }
    }

    private static void ready(HttpExchange exchange, Health health) throws IOException {
        switch (health) {
            case Health.Starting _ ->
                send(exchange, HttpURLConnection.HTTP_UNAVAILABLE, "starting: the caches are being filled");
            case Health.Started(List<String> stopped, List<String> behind, Health.Role role) ->
                caches(
                        exchange,
                        "do not follow the API server",
                        Stream.concat(stopped.stream(), behind.stream()).toList(),
                        role);
        }
    }

    private static void caches(HttpExchange exchange, String problem, List<String> unhealthy, Health.Role role)
            throws IOException {
        if (unhealthy.isEmpty()) {
            send(exchange, HttpURLConnection.HTTP_OK, words(role));
        } else {
            String text = "caches that " + problem + ": " + String.join(", ", unhealthy);
            send(exchange, HttpURLConnection.HTTP_UNAVAILABLE, text);
        }
    }

    private static String words(Health.Role role) {
        return switch (role) {
            case Health.Leading _ -> "ok";
            case Health.StandingBy(String leader) ->
                "standing by: " + (leader == null ? "nobody is known to lead" : leader + " leads");
        };
    }

    private static void send(HttpExchange exchange, int code, String line) throws IOException {
        send(exchange, code, TEXT, line + "\n");
    }

    private static void send(HttpExchange exchange, int code, String type, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(code, body.length);
        exchange.getResponseBody().write(body);
    }

    /** Stops at once. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
