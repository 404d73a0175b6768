package io.vlfinetune.e2e.faults;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.StandardHttpClient;
import io.fabric8.kubernetes.client.http.StandardHttpRequest;
import io.fabric8.kubernetes.client.http.StandardWebSocketBuilder;
import io.fabric8.kubernetes.client.http.WebSocket;
import io.fabric8.kubernetes.client.http.WebSocketResponse;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The line of one operator's life to the server. Once it is cut nothing passes in either direction. */
final class Line {
    /** How long things hang, stand still or stay behind: longer than a step of the trainer, shorter than anyone's patience. */
    static final Duration WHILE = Duration.ofMillis(700);

    private static final String NAMESPACED = "/namespaces/";

    private final Traffic traffic;
    private final Set<WatchTap> taps = ConcurrentHashMap.newKeySet();
    private final Map<String, Long> staleWatches = new ConcurrentHashMap<>();
    private final Map<String, Long> staleLists = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> cut = new CompletableFuture<>();
    private final @Nullable Long startsAt;
    private volatile long frozenUntil;

    /**
     * A line.
     *
     * @param startsAt version of the server that the first list of each kind comes from; null: the latest
     */
    Line(Traffic traffic, @Nullable Long startsAt) {
        this.traffic = traffic;
        this.startsAt = startsAt;
        if (startsAt != null) {
            freeze();
        }
    }

    Traffic traffic() {
        return traffic;
    }

    /** Ends this life: of what is under way nothing comes back. */
    void cut() {
        cut.complete(null);
        taps.forEach(WatchTap::hangUp);
    }

    boolean isCut() {
        return cut.isDone();
    }

    /** Is completed when this life is over. */
    CompletableFuture<Void> end() {
        return cut;
    }

    /** One request. */
    CompletableFuture<HttpResponse<AsyncBody>> call(
            StandardHttpRequest request,
            AsyncBody.Consumer<List<ByteBuffer>> consumer,
            Function<StandardHttpRequest, CompletableFuture<HttpResponse<AsyncBody>>> server) {
        if (isCut()) {
            return broken();
        }
        CallFault fault = traffic.call(request).orElse(null);
        StandardHttpRequest next = stale(request);
        if (fault == null) {
            return alive(server.apply(next));
        }
        return switch (fault) {
            case KilledBefore -> {
                cut();
                yield broken();
            }
            case KilledAfter ->
                server.apply(next).thenCompose(response -> {
                    cut();
                    return lost(response);
                });
            case DroppedBefore -> broken();
            case DroppedAfter, DroppedAfterRetried -> server.apply(next).thenCompose(Line::lost);
            case TimeoutAfterEffect ->
                server.apply(next).thenApply(response -> {
                    response.body().cancel();
                    return new Answer(request, fault.code(), fault.reason(), consumer);
                });
            case Delayed ->
                CompletableFuture.runAsync(() -> {}, after(WHILE))
                        .thenCompose(_ -> isCut() ? broken() : alive(server.apply(next)));
            case Conflict, Invalid, TooMany, TooManyRetried, ServerError, ServerErrorRetried, Timeout ->
                CompletableFuture.completedFuture(new Answer(request, fault.code(), fault.reason(), consumer));
        };
    }

    private CompletableFuture<HttpResponse<AsyncBody>> alive(CompletableFuture<HttpResponse<AsyncBody>> answer) {
        return answer.thenCompose(response -> isCut() ? lost(response) : CompletableFuture.completedFuture(response));
    }

    private static CompletableFuture<HttpResponse<AsyncBody>> lost(HttpResponse<AsyncBody> response) {
        response.body().cancel();
        return broken();
    }

    private static CompletableFuture<HttpResponse<AsyncBody>> broken() {
        return CompletableFuture.failedFuture(new IOException("the line is broken"));
    }

    /** A watch; it is a web socket, and so told from requests. */
    CompletableFuture<WebSocketResponse> watch(
            StandardWebSocketBuilder builder, WebSocket.Listener listener, StandardHttpClient<?, ?, ?> connections) {
        if (isCut()) {
            return CompletableFuture.failedFuture(new IOException("the line is broken"));
        }
        StandardHttpRequest request = builder.asHttpRequest();
        String kind = kind(request.uri());
        Long version = staleWatches.remove(kind);
        StandardHttpRequest next = version == null ? request : with(request, "resourceVersion", version.toString());
        WatchTap tap = new WatchTap(this, kind, listener);
        taps.add(tap);
        StandardWebSocketBuilder socket = new StandardWebSocketBuilder(connections, next.newBuilder());
        if (builder.getSubprotocol() != null) {
            socket.subprotocol(builder.getSubprotocol());
        }
        return connections.buildWebSocketDirect(socket, tap);
    }

    void forget(WatchTap tap) {
        taps.remove(tap);
    }

    /** What befalls an event before it is delivered; says whether it still is to be delivered. */
    boolean befall(WatchTap tap, WatchFault fault) {
        switch (fault) {
            case Freeze -> tap.freeze(System.nanoTime() + WHILE.toNanos());
            case FreezeAll -> freeze();
            case Disconnect -> tap.disconnect();
            case Expire -> expireAll();
            case Gap -> {
                taps.forEach(WatchTap::swallow);
                after(WHILE).execute(this::expireAll);
            }
            case Rewind -> {
                staleWatches.put(tap.kind(), traffic.start());
                tap.disconnect();
            }
            case StaleListFew -> goBack(traffic.fewBack());
            case StaleListStart -> goBack(traffic.start());
            case Killed, KilledThenStaleFew, KilledThenStaleStart -> cut();
        }
        return switch (fault) {
            case Freeze, FreezeAll -> true;
            case Disconnect,
                    Expire,
                    Gap,
                    Rewind,
                    StaleListFew,
                    StaleListStart,
                    Killed,
                    KilledThenStaleFew,
                    KilledThenStaleStart -> false;
        };
    }

    private void goBack(long version) {
        taps.forEach(tap -> staleLists.put(tap.kind(), version));
        freeze();
        expireAll();
    }

    private void freeze() {
        frozenUntil = System.nanoTime() + WHILE.toNanos();
    }

    private void expireAll() {
        List.copyOf(taps).forEach(WatchTap::expire);
    }

    long frozenUntil() {
        return frozenUntil;
    }

    static Executor after(Duration delay) {
        return CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS);
    }

    private final Set<String> listed = ConcurrentHashMap.newKeySet();

    /** A list from a server that is behind; each kind is listed from there once. */
    private StandardHttpRequest stale(StandardHttpRequest request) {
        String kind = kind(request.uri());
        if (!request.method().equals("GET") || !request.uri().getPath().endsWith("/" + kind)) {
            return request;
        }
        Long version = listed.add(kind) && startsAt != null ? startsAt : staleLists.remove(kind);
        return version == null
                ? request
                : with(with(request, "resourceVersion", version.toString()), "resourceVersionMatch", "Exact");
    }

    /** {@code jobs} of {@code /apis/batch/v1/namespaces/team/jobs}. */
    private static String kind(URI uri) {
        String path = uri.getPath();
        int namespace = path.indexOf(NAMESPACED);
        String rest = namespace < 0 ? path : path.substring(path.indexOf('/', namespace + NAMESPACED.length()) + 1);
        return rest.contains("/") ? rest.substring(0, rest.indexOf('/')) : rest;
    }

    private static StandardHttpRequest with(StandardHttpRequest request, String parameter, String value) {
        String text = request.uri().toString();
        String without =
                text.replaceFirst("([?&])" + parameter + "=[^&]*&?", "$1").replaceFirst("[?&]$", "");
        return request.newBuilder()
                .uri(URI.create(without + (without.contains("?") ? "&" : "?") + parameter + "=" + value))
                .build();
    }
}
