package io.vlfinetune.e2e.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Values for a schema: ordinary ones, and ones at and beyond its limits. */
final class Values {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int HUGE = 20_000;
    private static final int MANY = 300;
    private static final List<String> ORDINARY = List.of(
            "pvc://data/x", "10m", "1Gi", "0.5", "1e-5", "4", "abc", "in-domain/loss", "vlfinetune.io/abc", "x");

    private Values() {}

    /** A value that the schema is likely to take, with all that it requires. */
    static JsonNode ordinary(JsonNode schema) {
        if (schema.has("enum")) {
            return schema.get("enum").get(0);
        }
        return switch (schema.path("type").asText()) {
            case "object" -> {
                ObjectNode object = JSON.objectNode();
                schema.path("required")
                        .forEach(name -> object.set(
                                name.asText(),
                                ordinary(schema.path("properties").path(name.asText()))));
                yield object;
            }
            case "array" -> JSON.arrayNode().add(ordinary(schema.path("items")));
            case "integer" -> JSON.numberNode(Math.max(1, schema.path("minimum").asInt(1)));
            case "boolean" -> JSON.booleanNode(false);
            default -> text(schema);
        };
    }

    private static JsonNode text(JsonNode schema) {
        String pattern = schema.path("pattern").asText(".*");
        return JSON.textNode(ORDINARY.stream()
                .filter(value -> value.matches(pattern))
                .findFirst()
                .orElse("x"));
    }

    /** Values to try, by what they are. */
    static Map<String, JsonNode> strange(JsonNode schema) {
        Map<String, JsonNode> values = new LinkedHashMap<>();
        values.put("null", JSON.nullNode());
        switch (schema.path("type").asText()) {
            case "object" -> objects(schema, values);
            case "array" -> arrays(schema, values);
            case "integer" -> integers(schema, values);
            case "boolean" -> {
                values.put("true", JSON.booleanNode(true));
                values.put("false", JSON.booleanNode(false));
                values.put("wrong type", JSON.textNode("yes"));
            }
            default -> texts(schema, values);
        }
        return values;
    }

    private static void objects(JsonNode schema, Map<String, JsonNode> values) {
        values.put("empty", JSON.objectNode());
        values.put("ordinary", ordinary(schema));
        values.put("wrong type", JSON.arrayNode());
        values.put("unknown field", JSON.objectNode().put("größe", 1));
        if (schema.has("additionalProperties")) {
            ObjectNode many = JSON.objectNode();
            for (int index = 0; index < MANY; index++) {
                many.put("key-" + index, "value");
            }
            values.put("huge", many);
            values.put("unicode", JSON.objectNode().put("größe/模型", "💥"));
            values.put("ordinary map", JSON.objectNode().put("pool", "gpu"));
        }
    }

    private static void arrays(JsonNode schema, Map<String, JsonNode> values) {
        values.put("empty", JSON.arrayNode());
        values.put("ordinary", ordinary(schema));
        values.put("wrong type", JSON.objectNode());
        values.put("null item", JSON.arrayNode().addNull());
        ArrayNode many = JSON.arrayNode();
        for (int index = 0; index < MANY; index++) {
            many.add(ordinary(schema.path("items")));
        }
        values.put("huge", many);
    }

    private static void integers(JsonNode schema, Map<String, JsonNode> values) {
        values.put("negative", JSON.numberNode(-1));
        values.put("zero", JSON.numberNode(0));
        values.put("fraction", JSON.numberNode(1.5));
        values.put("beyond an int", JSON.numberNode(1L << 31));
        values.put("beyond a long", JSON.numberNode(BigInteger.TWO.pow(64)));
        values.put("wrong type", JSON.textNode("3"));
        if (schema.has("maximum")) {
            values.put("largest", JSON.numberNode(schema.get("maximum").asLong()));
        }
        if (schema.has("minimum")) {
            values.put("smallest", JSON.numberNode(schema.get("minimum").asLong()));
        }
    }

    private static void texts(JsonNode schema, Map<String, JsonNode> values) {
        values.put("empty", JSON.textNode(""));
        values.put("ordinary", ordinary(schema));
        values.put("blank", JSON.textNode(" \n\t"));
        values.put("huge", JSON.textNode("9".repeat(HUGE)));
        values.put("unicode", JSON.textNode("größe-模型-\u202e💥"));
        values.put("wrong unit", JSON.textNode("10 gigabytes"));
        values.put("negative", JSON.textNode("-5Gi"));
        values.put("large quantity", JSON.textNode("999999999999Ei"));
        values.put("large number", JSON.textNode("1e300"));
        values.put("large duration", JSON.textNode("999999999h"));
        values.put("wrong address", JSON.textNode("http://example/x"));
        values.put("address of a folder above", JSON.textNode("pvc://data/../../etc"));
        values.put("unknown word", JSON.textNode("Unheard"));
        values.put("wrong type", JSON.numberNode(7));
        if (schema.has("maxLength")) {
            values.put(
                    "longest", JSON.textNode("a".repeat(schema.get("maxLength").asInt())));
        }
        schema.path("enum").forEach(word -> values.put("word " + word.asText(), word));
    }
}
