package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An API server with one progress object, on loopback. It keeps what it was sent and answers as it is told. */
public final class ProgressServer implements AutoCloseable {
    /** One request as it came. */
    public record Request(
            String method,
            @Nullable String contentType,
            @Nullable String authorization,
            JsonNode body) {}

    private static final JsonMapper JSON = new JsonMapper();
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private final HttpServer server;
    private final List<Request> requests = new ArrayList<>();
    private String object = "{}";
    private int status = 200;

    public ProgressServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    public URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/progress/digits-1");
    }

    /** The object as a trainer finds it. */
    public synchronized void holds(String json) {
        object = json;
    }

    /** What every request is answered from now on. */
    public synchronized void answers(int code) {
        status = code;
    }

    public synchronized List<Request> requests() {
        return List.copyOf(requests);
    }

    /** Waits until so many requests came. */
    public List<Request> await(int count) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE_NANOS;
        synchronized (this) {
            while (requests.size() < count) {
                long left = (end - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    throw new AssertionError(requests.size() + " of " + count + " requests: " + requests);
                }
                wait(left);
            }
            return List.copyOf(requests);
        }
    }

    private void answer(HttpExchange exchange) {
        try (exchange) {
            JsonNode body = JSON.readTree(exchange.getRequestBody());
            byte[] answer;
            int code;
            synchronized (this) {
                requests.add(new Request(
                        exchange.getRequestMethod(),
                        exchange.getRequestHeaders().getFirst("Content-Type"),
                        exchange.getRequestHeaders().getFirst("Authorization"),
                        Objects.requireNonNull(body)));
                answer = object.getBytes(StandardCharsets.UTF_8);
                code = status;
                notifyAll();
            }
            exchange.sendResponseHeaders(code, answer.length);
            exchange.getResponseBody().write(answer);
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
