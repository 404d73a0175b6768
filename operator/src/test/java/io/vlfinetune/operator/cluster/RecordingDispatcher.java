package io.vlfinetune.operator.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/** Records requests by user agent, and merges as RFC 7386 says: Fabric8's own mock appends to lists. */
final class RecordingDispatcher extends KubernetesCrudDispatcher {
    private static final String READ = "GET ";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Queue<Request> requests = new ConcurrentLinkedQueue<>();

    RecordingDispatcher(List<CustomResourceDefinitionContext> kinds) {
        super(kinds);
    }

    private record Request(String userAgent, String text) {}

    List<String> writes(String userAgent) {
        return requests(userAgent).filter(request -> !request.startsWith(READ)).toList();
    }

    List<String> reads(String userAgent) {
        return requests(userAgent).filter(request -> request.startsWith(READ)).toList();
    }

    private Stream<String> requests(String userAgent) {
        return requests.stream()
                .filter(request -> userAgent.equals(request.userAgent()))
                .map(Request::text);
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
        if (request.getPath().equals("/version")) {
            return new MockResponse().setResponseCode(200).setBody("{\"major\":\"1\",\"minor\":\"35\"}");
        }
        requests.add(new Request(request.getHeader("User-Agent"), request.getMethod() + " " + request.getPath()));
        return super.dispatch(request);
    }

    @Override
    public JsonNode merge(JsonNode resource, String patch) {
        try {
            return merged(resource.deepCopy(), JSON.readTree(patch));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static JsonNode merged(JsonNode target, JsonNode patch) {
        if (!(patch instanceof ObjectNode changes)) {
            return patch;
        }
        ObjectNode result = target instanceof ObjectNode object ? object : JSON.createObjectNode();
        changes.properties().forEach(change -> {
            if (change.getValue().isNull()) {
                result.remove(change.getKey());
            } else {
                result.set(change.getKey(), merged(result.path(change.getKey()), change.getValue()));
            }
        });
        return result;
    }
}
