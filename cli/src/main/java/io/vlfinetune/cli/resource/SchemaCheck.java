package io.vlfinetune.cli.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Compares a value with a structural OpenAPI schema and collects everything that is wrong. */
final class SchemaCheck {
    private final List<Violation> violations = new ArrayList<>();

    List<Violation> violations() {
        return violations;
    }

    void check(JsonNode schema, JsonNode value, String path) {
        String type = schema.path("type").asText();
        if (!hasType(value, type)) {
            add(path, "Invalid value: " + shown(value) + ": must be of type " + type + ": " + shown(value));
            return;
        }
        enumeration(schema, value, path);
        switch (type) {
            case "object" -> object(schema, (ObjectNode) value, path);
            case "array" -> array(schema, value, path);
            case "string" -> string(schema, value, path);
            case "integer", "number" -> number(schema, value, path);
            default -> {}
        }
    }

    private static boolean hasType(JsonNode value, String type) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "boolean" -> value.isBoolean();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            default -> true;
        };
    }

    private void enumeration(JsonNode schema, JsonNode value, String path) {
        if (!schema.has("enum")) {
            return;
        }
        List<String> supported = new ArrayList<>();
        for (JsonNode one : schema.get("enum")) {
            if (one.equals(value)) {
                return;
            }
            supported.add(one.toString());
        }
        add(path, "Unsupported value: " + value + ": supported values: " + String.join(", ", supported));
    }

    private void object(JsonNode schema, ObjectNode value, String path) {
        JsonNode properties = schema.path("properties");
        JsonNode others = schema.path("additionalProperties");
        for (var field : value.properties()) {
            String below = path.isEmpty() ? field.getKey() : path + "." + field.getKey();
            if (properties.has(field.getKey())) {
                check(properties.get(field.getKey()), field.getValue(), below);
            } else if (others.isObject()) {
                check(others, field.getValue(), below);
            } else if (!schema.path("x-kubernetes-preserve-unknown-fields").asBoolean()) {
                add(below, "unknown field" + Nearest.hint(field.getKey(), properties.fieldNames()));
            }
        }
        for (JsonNode required : schema.path("required")) {
            if (!value.has(required.asText())) {
                add(path.isEmpty() ? required.asText() : path + "." + required.asText(), "Required value");
            }
        }
    }

    private void array(JsonNode schema, JsonNode value, String path) {
        int size = value.size();
        if (schema.has("maxItems") && size > schema.get("maxItems").asInt()) {
            int most = schema.get("maxItems").asInt();
            add(path, "Too many: " + size + ": must have at most " + most + " items");
        }
        if (schema.has("minItems") && size < schema.get("minItems").asInt()) {
            int least = schema.get("minItems").asInt();
            add(path, "Invalid value: " + size + ": should have at least " + least + " items");
        }
        for (int index = 0; index < size; index++) {
            check(schema.path("items"), value.get(index), path + "[" + index + "]");
        }
        if (schema.path("x-kubernetes-list-type").asText().equals("map")) {
            uniqueKeys(schema, value, path);
        }
    }

    private void uniqueKeys(JsonNode schema, JsonNode value, String path) {
        Set<ObjectNode> seen = new HashSet<>();
        for (int index = 0; index < value.size(); index++) {
            ObjectNode key = keyOf(schema, value.get(index));
            if (!seen.add(key)) {
                add(path + "[" + index + "]", "Duplicate value: " + key);
            }
        }
    }

    /** The part of an item of a list-map that identifies it. */
    static ObjectNode keyOf(JsonNode schema, JsonNode item) {
        ObjectNode key = JsonNodeFactory.instance.objectNode();
        schema.path("x-kubernetes-list-map-keys").forEach(name -> key.set(name.asText(), item.path(name.asText())));
        return key;
    }

    private void string(JsonNode schema, JsonNode value, String path) {
        String text = value.textValue();
        int length = text.codePointCount(0, text.length());
        if (schema.has("maxLength") && length > schema.get("maxLength").asInt()) {
            add(
                    path,
                    "Too long: may not be more than " + schema.get("maxLength").asInt() + " bytes");
        }
        if (schema.has("minLength") && length < schema.get("minLength").asInt()) {
            int least = schema.get("minLength").asInt();
            add(path, "Invalid value: " + value + ": should be at least " + least + " chars long");
        }
        if (schema.has("pattern")) {
            String pattern = schema.get("pattern").textValue();
            if (!Pattern.compile(pattern).matcher(text).find()) {
                add(path, "Invalid value: " + value + ": should match '" + pattern + "'");
            }
        }
    }

    private void number(JsonNode schema, JsonNode value, String path) {
        BigDecimal number = value.decimalValue();
        if (schema.has("minimum") && number.compareTo(schema.get("minimum").decimalValue()) < 0) {
            add(path, "Invalid value: " + value + ": should be greater than or equal to " + bound(schema, "minimum"));
        }
        if (schema.has("maximum") && number.compareTo(schema.get("maximum").decimalValue()) > 0) {
            add(path, "Invalid value: " + value + ": should be less than or equal to " + bound(schema, "maximum"));
        }
    }

    private static String bound(JsonNode schema, String name) {
        return schema.get(name).decimalValue().stripTrailingZeros().toPlainString();
    }

    private static String shown(JsonNode value) {
        return value.isContainerNode() ? (value.isObject() ? "\"object\"" : "\"array\"") : value.toString();
    }

    private void add(String path, String message) {
        violations.add(new Violation(path, message));
    }
}
