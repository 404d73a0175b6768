package io.vlfinetune.cli.embedded;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import io.fabric8.mockwebserver.http.Buffer;
import io.fabric8.mockwebserver.http.Dispatcher;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * Teaches the mock server merge-patches as RFC 7386 has them. Fabric8's own appends to lists instead of replacing them
 * and keeps nulls instead of removing fields (kubernetes-server-mock 7.8, KubernetesCrudPersistence.merge), so that
 * conditions would pile up. The patch is worked out here and handed on as a JSON patch of whole top-level fields.
 */
final class MergePatchDispatcher extends Dispatcher {
    private static final String MERGE_PATCH = "application/merge-patch+json";
    private static final String JSON_PATCH = "application/json-patch+json";
    private static final int BAD_REQUEST = 400;

    private final Dispatcher mock;
    private final ObjectMapper json = new JsonMapper();

    MergePatchDispatcher(Dispatcher mock) {
        this.mock = mock;
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
        String type = Objects.requireNonNullElse(request.getHeader("Content-Type"), "");
        if (request.method() != HttpMethod.PATCH || !type.startsWith(MERGE_PATCH)) {
            return mock.dispatch(request);
        }
        try {
            return mergePatch(request);
        } catch (JsonProcessingException e) {
            return new MockResponse().setResponseCode(BAD_REQUEST).setBody("not JSON: " + e.getOriginalMessage());
        }
    }

    /** Reading and writing are one step: two patches at once must not undo each other. */
    private synchronized MockResponse mergePatch(RecordedRequest request) throws JsonProcessingException {
        String resource = request.getPath().replaceFirst("\\?.*", "").replaceFirst("/status$", "");
        MockResponse found = mock.dispatch(with(request, HttpMethod.GET, resource, "", ""));
        if (found.code() != HttpURLConnection.HTTP_OK) {
            return found;
        }
        ObjectNode current = (ObjectNode) json.readTree(found.getBody().readUtf8());
        JsonNode patch = json.readTree(request.getBody().readUtf8());
        JsonNode merged = merge(current, patch);
        String operations = operations(current, merged).toString();
        return mock.dispatch(with(request, HttpMethod.PATCH, request.getPath(), JSON_PATCH, operations));
    }

    private static RecordedRequest with(
            RecordedRequest request, HttpMethod method, String path, String type, String body) {
        return new RecordedRequest(
                request.getHttpVersion(),
                method,
                path,
                request.getHeaders()
                        .newBuilder()
                        .setHeader("Content-Type", type)
                        .build(),
                new Buffer().writeUtf8(body));
    }

    /** RFC 7386, section 2. */
    static JsonNode merge(JsonNode target, JsonNode patch) {
        if (!(patch instanceof ObjectNode fields)) {
            return patch;
        }
        ObjectNode result = target instanceof ObjectNode object ? object.deepCopy() : fields.objectNode();
        for (var field : fields.properties()) {
            if (field.getValue().isNull()) {
                result.remove(List.of(field.getKey()));
            } else {
                result.set(field.getKey(), merge(result.path(field.getKey()), field.getValue()));
            }
        }
        return result;
    }

    private ArrayNode operations(ObjectNode current, JsonNode merged) {
        Set<String> names = new TreeSet<>();
        current.fieldNames().forEachRemaining(names::add);
        merged.fieldNames().forEachRemaining(names::add);
        ArrayNode operations = json.createArrayNode();
        for (String name : names) {
            if (!merged.has(name)) {
                operations.addObject().put("op", "remove").put("path", "/" + name);
            } else if (!merged.get(name).equals(current.get(name))) {
                operations.addObject().put("op", "add").put("path", "/" + name).set("value", merged.get(name));
            }
        }
        return operations;
    }

    @Override
    public void shutdown() {
        mock.shutdown();
    }
}
