package io.vlfinetune.e2e.faults;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.StandardHttpClient;
import io.fabric8.kubernetes.client.http.StandardHttpClientBuilder;
import io.fabric8.kubernetes.client.http.StandardHttpRequest;
import io.fabric8.kubernetes.client.http.StandardWebSocketBuilder;
import io.fabric8.kubernetes.client.http.WebSocket;
import io.fabric8.kubernetes.client.http.WebSocketResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Fabric8's HTTP client with a {@link Line} between its logic (retries, logins, fallbacks) and the connection. All of
 * them share one client that holds the connections.
 */
final class FaultyHttp extends StandardHttpClient<FaultyHttp, FaultyHttp.Factory, FaultyHttp.Builder> {
    private final Line line;
    private final StandardHttpClient<?, ?, ?> connections;

    private FaultyHttp(Builder builder, AtomicBoolean closed, Line line, StandardHttpClient<?, ?, ?> connections) {
        super(builder, closed);
        this.line = line;
        this.connections = connections;
    }

    @Override
    public CompletableFuture<HttpResponse<AsyncBody>> consumeBytesDirect(
            StandardHttpRequest request, AsyncBody.Consumer<List<ByteBuffer>> consumer) {
        return line.call(request, consumer, next -> connections.consumeBytesDirect(next, consumer));
    }

    @Override
    public CompletableFuture<WebSocketResponse> buildWebSocketDirect(
            StandardWebSocketBuilder builder, WebSocket.Listener listener) {
        return line.watch(builder, listener, connections);
    }

    /** The connections outlive the operator; its line does not. */
    @Override
    protected void doClose() {
        line.cut();
    }

    /**
     * Makes clients of one operator.
     *
     * @param line its line
     * @param connections the client that all share
     */
    record Factory(Line line, StandardHttpClient<?, ?, ?> connections) implements HttpClient.Factory {
        @Override
        public Builder newBuilder() {
            return new Builder(this);
        }
    }

    /** Collects what Fabric8 wants to have set; the connections are there already. */
    static final class Builder extends StandardHttpClientBuilder<FaultyHttp, Factory, Builder> {
        private Builder(Factory factory) {
            super(factory);
        }

        @Override
        public FaultyHttp build() {
            return new FaultyHttp(
                    this,
                    client == null ? new AtomicBoolean() : client.getClosed(),
                    clientFactory.line(),
                    clientFactory.connections());
        }

        @Override
        protected Builder newInstance(Factory factory) {
            return new Builder(factory);
        }
    }
}
