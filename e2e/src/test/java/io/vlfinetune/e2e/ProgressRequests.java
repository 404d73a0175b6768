package io.vlfinetune.e2e;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.net.URI;
import java.util.concurrent.TimeUnit;

/**
 * Requests at progress objects as somebody sends them, answered in the server's own words.
 *
 * @param client logged in as somebody
 */
record ProgressRequests(KubernetesClient client) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final long PATIENCE_SECONDS = 30;

    /**
     * What the server said.
     *
     * @param code HTTP status
     * @param message the message of a refusal; empty otherwise
     */
    record Answer(int code, String message) {}

    /** What is sent. */
    enum Verb {
        MERGE("PATCH", "application/merge-patch+json"),
        APPLY("PATCH", "application/apply-patch+yaml"),
        POST("POST", "application/json"),
        DELETE("DELETE", "application/json");

        private final String method;
        private final String contentType;

        Verb(String method, String contentType) {
            this.method = method;
            this.contentType = contentType;
        }
    }

    /** What a trainer reports. */
    Answer report(String namespace, String name, int sequence) {
        return send(Verb.MERGE, namespace, name, "{\"report\":{\"attempt\":1,\"sequence\":" + sequence + "}}");
    }

    /** Sends one; the name is empty for a whole collection, and may go on to a subresource. */
    Answer send(Verb verb, String namespace, String name, String body) {
        String path = "apis/vlfinetune.io/v1alpha1/namespaces/%s/vlfinetuneprogresses%s%s"
                .formatted(
                        namespace,
                        name.isEmpty() ? "" : "/" + name,
                        verb == Verb.APPLY ? "?fieldManager=trainer&force=true" : "");
        HttpRequest request = client.getHttpClient()
                .newHttpRequestBuilder()
                .uri(URI.create(client.getMasterUrl() + path))
                .method(verb.method, verb.contentType, body)
                .build();
        try {
            HttpResponse<String> response =
                    client.getHttpClient().sendAsync(request, String.class).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            return new Answer(response.code(), response.isSuccessful() ? "" : message(response.body()));
        } catch (Exception e) {
            throw new IllegalStateException(verb + " " + path, e);
        }
    }

    private static String message(String body) throws JsonProcessingException {
        JsonNode status = JSON.readTree(body);
        return status.path("message").asText();
    }
}
