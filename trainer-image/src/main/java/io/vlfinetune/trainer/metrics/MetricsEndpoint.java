package io.vlfinetune.trainer.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.vlfinetune.trainer.report.RunLog;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Answers {@code GET /metrics}. A run does not depend on it: what is in its way is logged. */
public final class MetricsEndpoint implements AutoCloseable {
    /** Variable with {@code host:port}, or a port of loopback alone; absent: nothing is served. */
    public static final String VARIABLE = "VLFINETUNE_METRICS_ADDRESS";

    private static final Pattern ADDRESS = Pattern.compile("(?:(.+):)?([0-9]{1,5})");
    private static final int LARGEST_PORT = 65535;

    private final HttpServer server;

    private MetricsEndpoint(HttpServer server) {
        this.server = server;
    }

    /**
     * Starts to answer.
     *
     * @param address value of {@value #VARIABLE}; port 0 is any free one
     * @param metrics asked each time, from another thread
     * @param log told where metrics are served, or why they are not
     */
    public static Optional<MetricsEndpoint> start(@Nullable String address, Supplier<String> metrics, RunLog log) {
        if (address == null || address.isBlank()) {
            return Optional.empty();
        }
        Optional<InetSocketAddress> where = parse(address.strip());
        if (where.isEmpty()) {
            log.line("metrics are not served: " + VARIABLE + " is '" + address
                    + "', must be host:port such as 127.0.0.1:9400");
            return Optional.empty();
        }
        try {
            HttpServer server = HttpServer.create(where.get(), 0);
            server.createContext("/", exchange -> answer(exchange, metrics));
            server.start();
            log.line("metrics at http://" + server.getAddress().getHostString() + ":"
                    + server.getAddress().getPort() + "/metrics");
            return Optional.of(new MetricsEndpoint(server));
        } catch (IOException problem) {
            log.line("metrics are not served: " + where.get() + ": " + problem.getMessage());
            return Optional.empty();
        }
    }

    private static Optional<InetSocketAddress> parse(String text) {
        Matcher parts = ADDRESS.matcher(text);
        if (!parts.matches() || Integer.parseInt(parts.group(2)) > LARGEST_PORT) {
            return Optional.empty();
        }
        int port = Integer.parseInt(parts.group(2));
        String host = parts.group(1);
        InetSocketAddress address = host == null
                ? new InetSocketAddress(InetAddress.getLoopbackAddress(), port)
                : new InetSocketAddress(host, port);
        return Optional.of(address).filter(known -> !known.isUnresolved());
    }

    /** Where it answers. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    private static void answer(HttpExchange exchange, Supplier<String> metrics) throws IOException {
        try (exchange) {
            boolean known = exchange.getRequestMethod().equals("GET")
                    && exchange.getRequestURI().getPath().equals("/metrics");
            byte[] body = (known ? metrics.get() : "GET /metrics is here\n").getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            exchange.sendResponseHeaders(
                    known ? HttpURLConnection.HTTP_OK : HttpURLConnection.HTTP_NOT_FOUND, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    /** Stops at once. */
    @Override
    public void close() {
        server.stop(0);
    }
}
