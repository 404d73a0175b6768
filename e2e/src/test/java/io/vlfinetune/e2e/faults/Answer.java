package io.vlfinetune.e2e.faults;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.StandardHttpHeaders;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** An answer that no server gave. */
final class Answer extends StandardHttpHeaders implements HttpResponse<AsyncBody> {
    private final HttpRequest request;
    private final int code;
    private final Body body;

    Answer(HttpRequest request, int code, String reason, AsyncBody.Consumer<List<ByteBuffer>> consumer) {
        super(Map.of("Content-Type", List.of("application/json"), "Retry-After", List.of("1")));
        this.request = request;
        this.code = code;
        this.body = new Body(consumer, """
                {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"a fault was injected",\
                "reason":"%s","code":%d}""".formatted(reason, code));
    }

    @Override
    public int code() {
        return code;
    }

    @Override
    public AsyncBody body() {
        return body;
    }

    @Override
    public HttpRequest request() {
        return request;
    }

    @Override
    public Optional<HttpResponse<?>> previousResponse() {
        return Optional.empty();
    }

    private static final class Body implements AsyncBody {
        private final AsyncBody.Consumer<List<ByteBuffer>> consumer;
        private final String text;
        private final CompletableFuture<Void> done = new CompletableFuture<>();
        private boolean sent;

        Body(AsyncBody.Consumer<List<ByteBuffer>> consumer, String text) {
            this.consumer = consumer;
            this.text = text;
        }

        @Override
        public void consume() {
            if (sent) {
                done.complete(null);
                return;
            }
            sent = true;
            try {
                consumer.consume(List.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))), this);
            } catch (Exception e) {
                done.completeExceptionally(e);
            }
        }

        @Override
        public CompletableFuture<Void> done() {
            return done;
        }

        @Override
        public void cancel() {
            done.cancel(false);
        }
    }
}
