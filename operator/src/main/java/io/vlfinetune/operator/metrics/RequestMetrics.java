package io.vlfinetune.operator.metrics;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;

/** Counts requests to the API server by verb and class of the status code; a request that is repeated counts again. */
final class RequestMetrics implements Interceptor {
    private static final int HUNDRED = 100;

    private final MeterRegistry registry;

    RequestMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void after(HttpRequest request, HttpResponse<?> response, AsyncBody.Consumer<List<ByteBuffer>> consumer) {
        count(request, response.code() / HUNDRED + "xx");
    }

    @Override
    public void afterConnectionFailure(HttpRequest request, Throwable failure) {
        count(request, "unreachable");
    }

    private void count(HttpRequest request, String code) {
        Counter.builder("vlfinetune.api.requests")
                .description("Requests to the API server")
                .tag("verb", verb(request.method(), request.uri()))
                .tag("code", code)
                .register(registry)
                .increment();
    }

    /** The verbs of Kubernetes' own metrics and roles. */
    static String verb(String method, URI uri) {
        return switch (method) {
            case "POST" -> "create";
            case "PUT" -> "update";
            case "PATCH" -> "patch";
            case "DELETE" -> "delete";
            case "GET" -> read(uri);
            default -> "other";
        };
    }

    private static String read(URI uri) {
        String query = Objects.requireNonNullElse(uri.getQuery(), "");
        if (query.contains("watch=true")) {
            return "watch";
        }
        // /api/v1/pods, /apis/group/version/kind, either with namespaces/name before the kind: a list.
        String kind = uri.getPath().replaceFirst("^/api(s/[^/]+)?/[^/]+/(namespaces/[^/]+/)?", "");
        return kind.equals(uri.getPath()) || kind.contains("/") ? "get" : "list";
    }
}
