package io.vlfinetune.trainer.weights;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.util.Optional;

/**
 * An object of config.json, read with defaults and refused by key and value. A null in the file counts as absent.
 *
 * @param path the keys that lead to it, with a dot after each; empty for the root
 * @param node the object, or a missing node
 */
public record ConfigSection(String path, JsonNode node) {
    /** The whole configuration. */
    public static ConfigSection of(JsonNode config) {
        return new ConfigSection("", config);
    }

    /** The object under a key; an empty one if it is absent. */
    public ConfigSection section(String key) {
        JsonNode found = value(key).orElse(MissingNode.getInstance());
        if (!found.isMissingNode() && !found.isObject()) {
            throw refused(key, "an object");
        }
        return new ConfigSection(path + key + ".", found);
    }

    /** Whether the key has a value. */
    public boolean has(String key) {
        return value(key).isPresent();
    }

    /** The value of a key. */
    public Optional<JsonNode> value(String key) {
        return Optional.ofNullable(node.get(key)).filter(value -> !value.isNull());
    }

    /** A whole number. */
    public int integer(String key, int otherwise) {
        return value(key)
                .map(value -> {
                    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
                        throw refused(key, "a whole number");
                    }
                    return value.asInt();
                })
                .orElse(otherwise);
    }

    /** A whole number of at least 1. */
    public int positive(String key, int otherwise) {
        int number = integer(key, otherwise);
        if (number < 1) {
            throw refused(key, "a whole number of at least 1");
        }
        return number;
    }

    /** A number. */
    public double number(String key, double otherwise) {
        return value(key)
                .map(value -> {
                    if (!value.isNumber()) {
                        throw refused(key, "a number");
                    }
                    return value.asDouble();
                })
                .orElse(otherwise);
    }

    /** A text. */
    public String text(String key, String otherwise) {
        return value(key)
                .map(value -> {
                    if (!value.isTextual()) {
                        throw refused(key, "a text");
                    }
                    return value.asText();
                })
                .orElse(otherwise);
    }

    /** A truth value. */
    public boolean flag(String key, boolean otherwise) {
        return value(key)
                .map(value -> {
                    if (!value.isBoolean()) {
                        throw refused(key, "true or false");
                    }
                    return value.asBoolean();
                })
                .orElse(otherwise);
    }

    /** Refuses every other text. */
    public void requireText(String key, String only) {
        if (!text(key, only).equals(only)) {
            throw refused(key, "\"" + only + "\"");
        }
    }

    /** Refuses true. */
    public void requireFalse(String key) {
        if (flag(key, false)) {
            throw refused(key, "false");
        }
    }

    /** Refuses any number but this. */
    public void requireNumber(String key, double only) {
        if (number(key, only) != only) {
            throw refused(key, Double.toString(only));
        }
    }

    /** The error for a value that is not supported, naming key, value and what is. */
    public TrainerException refused(String key, String supported) {
        return new TrainerException(
                Reason.ModelUnsupported,
                Checkpoint.CONFIG + ": " + path + key + ": "
                        + value(key).map(JsonNode::toString).orElse("absent") + " is not supported; supported: "
                        + supported);
    }
}
