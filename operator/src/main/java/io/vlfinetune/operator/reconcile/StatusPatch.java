package io.vlfinetune.operator.reconcile;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.VLFineTuneStatus;

/**
 * A status as a JSON merge patch (RFC 7386). Such a patch does not remove what it leaves out, so that absent fields are
 * written as null; but not inside lists, which replace each other whole and where a server would refuse a null.
 */
final class StatusPatch {
    private static final JsonMapper JSON = JsonMapper.builder()
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.ALWAYS, JsonInclude.Include.ALWAYS))
            .build();

    private StatusPatch() {}

    /** The text of the patch, which is refused if the run has another version by now. */
    static String of(String version, VLFineTuneStatus status) {
        ObjectNode patch = JSON.createObjectNode();
        patch.putObject("metadata").put("resourceVersion", version);
        JsonNode tree = JSON.valueToTree(status);
        stripLists(tree);
        patch.set("status", tree);
        return patch.toString();
    }

    private static void stripLists(JsonNode node) {
        if (node instanceof ArrayNode list) {
            list.forEach(StatusPatch::stripNulls);
        } else {
            node.forEach(StatusPatch::stripLists);
        }
    }

    private static void stripNulls(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.removeIf(JsonNode::isNull);
        }
        node.forEach(StatusPatch::stripNulls);
    }
}
