package io.vlfinetune.e2e.faults;

import io.fabric8.kubernetes.client.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One watch. The server sends the next event only when the last one was taken, so that an event which is held back holds
 * back all that come after it.
 */
final class WatchTap implements WebSocket.Listener {
    private static final String BOOKMARK = "{\"type\":\"BOOKMARK\"";
    private static final String EXPIRED = """
            {"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",\
            "message":"too old resource version: a fault was injected","reason":"Expired","code":410}}
            """;
    private static final int GOING_AWAY = 1001;

    private final Line line;
    private final String kind;
    private final WebSocket.Listener operator;
    private @Nullable WebSocket socket;
    private boolean closed;
    private boolean swallowing;
    private long frozenUntil;

    WatchTap(Line line, String kind, WebSocket.Listener operator) {
        this.line = line;
        this.kind = kind;
        this.operator = operator;
    }

    String kind() {
        return kind;
    }

    @Override
    public void onOpen(WebSocket opened) {
        synchronized (this) {
            socket = opened;
        }
        operator.onOpen(opened);
    }

    @Override
    public void onMessage(WebSocket from, ByteBuffer bytes) {
        onMessage(from, StandardCharsets.UTF_8.decode(bytes).toString());
    }

    @Override
    public void onMessage(WebSocket from, String text) {
        if (line.isCut() || isClosed()) {
            return;
        }
        if (isSwallowing()) {
            from.request();
            return;
        }
        if (!text.startsWith(BOOKMARK)) {
            Optional<WatchFault> fault = line.traffic().event(kind, text);
            if (fault.isPresent() && !line.befall(this, fault.get())) {
                if (isSwallowing()) {
                    from.request();
                }
                return;
            }
        }
        deliver(from, text);
    }

    private void deliver(WebSocket from, String text) {
        long wait = Math.max(frozenUntil(), line.frozenUntil()) - System.nanoTime();
        if (wait > 0) {
            Line.after(Duration.ofNanos(wait)).execute(() -> deliver(from, text));
            return;
        }
        if (!line.isCut() && !isClosed()) {
            operator.onMessage(from, text);
        }
    }

    @Override
    public void onClose(WebSocket from, int code, String reason) {
        line.forget(this);
        if (close() && !line.isCut()) {
            operator.onClose(from, code, reason);
        }
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
        line.forget(this);
        if (close() && !line.isCut()) {
            operator.onError(from, error);
        }
    }

    synchronized void freeze(long until) {
        frozenUntil = until;
    }

    synchronized void swallow() {
        swallowing = true;
    }

    /** The connection breaks: the operator has to connect anew. */
    void disconnect() {
        WebSocket open = opened();
        line.forget(this);
        if (open != null && close()) {
            open.sendClose(GOING_AWAY, "");
            operator.onClose(open, GOING_AWAY, "a fault was injected");
        }
    }

    /** The server says that this watch asks for versions it no longer has. */
    void expire() {
        WebSocket open = opened();
        line.forget(this);
        if (open != null && close()) {
            operator.onMessage(open, EXPIRED);
            open.sendClose(GOING_AWAY, "");
        }
    }

    /** The operator is gone. */
    void hangUp() {
        WebSocket open = opened();
        if (open != null && close()) {
            open.sendClose(GOING_AWAY, "");
        }
    }

    private synchronized @Nullable WebSocket opened() {
        return socket;
    }

    private synchronized boolean close() {
        boolean first = !closed;
        closed = true;
        return first;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized boolean isSwallowing() {
        return swallowing;
    }

    private synchronized long frozenUntil() {
        return frozenUntil;
    }
}
