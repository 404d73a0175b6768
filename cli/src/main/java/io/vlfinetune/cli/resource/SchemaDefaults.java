package io.vlfinetune.cli.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/** Fills in defaults as the API server does: inside objects that are there, and in the place of nulls. */
final class SchemaDefaults {
    private SchemaDefaults() {}

    static void apply(JsonNode schema, JsonNode value) {
        if (value instanceof ObjectNode object) {
            schema.path("properties").properties().forEach(property -> property(property, object));
            JsonNode others = schema.path("additionalProperties");
            if (others.isObject()) {
                object.forEach(item -> apply(others, item));
            }
        } else if (value.isArray()) {
            value.forEach(item -> apply(schema.path("items"), item));
        }
    }

    private static void property(Map.Entry<String, JsonNode> property, ObjectNode object) {
        String name = property.getKey();
        JsonNode schema = property.getValue();
        if (object.path(name).isNull() && !schema.path("nullable").asBoolean()) {
            object.remove(List.of(name));
        }
        if (!object.has(name) && schema.has("default")) {
            object.set(name, schema.get("default").deepCopy());
        }
        if (object.has(name)) {
            apply(schema, object.get(name));
        }
    }
}
