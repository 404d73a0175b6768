package io.vlfinetune.trainer.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An object of a JSON file of a model folder, read with defaults and refused by key and value. A null in the file counts
 * as absent, and an absent file as an empty object.
 *
 * @param file the file, for messages
 * @param path the keys that lead to it, with a dot after each; empty for the root
 * @param node the object, or a missing node
 */
public record ConfigSection(String file, String path, JsonNode node) {
    /** The name of a model's configuration. */
    public static final String CONFIG = "config.json";

    private static final JsonMapper MAPPER = new JsonMapper();

    /** The whole of config.json. */
    public static ConfigSection of(JsonNode config) {
        return new ConfigSection(CONFIG, "", config);
    }

    /**
     * Reads a file of a model folder.
     *
     * @throws TrainerException ModelUnsupported when it is not a JSON object
     */
    public static ConfigSection read(Path modelFolder, String name) {
        Path file = modelFolder.resolve(name);
        try {
            JsonNode json = Files.exists(file)
                    ? MAPPER.readTree(Files.readAllBytes(file))
                    : JsonNodeFactory.instance.objectNode();
            if (json.isObject()) {
                return new ConfigSection(file.toString(), "", json);
            }
        } catch (JsonProcessingException e) {
            throw new TrainerException(Reason.ModelUnsupported, file + " cannot be read: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new TrainerException(Reason.ModelUnsupported, file + " cannot be read: " + e.getMessage(), e);
        }
        throw new TrainerException(Reason.ModelUnsupported, file + " must be a JSON object");
    }

    /** The object under a key; an empty one if it is absent. */
    public ConfigSection section(String key) {
        JsonNode found = value(key).orElse(MissingNode.getInstance());
        if (!found.isMissingNode() && !found.isObject()) {
            throw refused(key, "an object");
        }
        return new ConfigSection(file, path + key + ".", found);
    }

    /** The same with values for keys that are absent, where a family's defaults are its own. */
    public ConfigSection withDefaults(Map<String, ? extends Number> defaults) {
        ObjectNode filled = node.isObject() ? node.deepCopy() : JsonNodeFactory.instance.objectNode();
        defaults.forEach((key, value) -> {
            if (!has(key)) {
                filled.set(key, MAPPER.valueToTree(value));
            }
        });
        return new ConfigSection(file, path, filled);
    }

    /** Whole numbers of at least 0. */
    public List<Integer> counts(String key, List<Integer> otherwise) {
        return value(key)
                .map(value -> {
                    List<Integer> numbers = new ArrayList<>();
                    for (JsonNode number : value) {
                        if (!number.isIntegralNumber() || !number.canConvertToInt() || number.asInt() < 0) {
                            throw refused(key, "a list of whole numbers of at least 0");
                        }
                        numbers.add(number.asInt());
                    }
                    if (!value.isArray()) {
                        throw refused(key, "a list of whole numbers of at least 0");
                    }
                    return List.copyOf(numbers);
                })
                .orElse(otherwise);
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

    /** A whole number of at least 0. */
    public int count(String key, int otherwise) {
        int number = integer(key, otherwise);
        if (number < 0) {
            throw refused(key, "a whole number of at least 0");
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

    /** A token as it is written: a text, or an object with a {@code content}; null if it is absent. */
    public @Nullable String token(String key) {
        JsonNode found = value(key).orElse(null);
        JsonNode value = found != null && found.isObject() ? found.path("content") : found;
        if (value != null && !value.isTextual()) {
            throw refused(key, "a text");
        }
        return value == null ? null : value.textValue();
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
                file + ": " + path + key + ": "
                        + value(key).map(JsonNode::toString).orElse("absent") + " is not supported; supported: "
                        + supported);
    }

    /** The error for a value that cannot be as it is, naming key, value and why. */
    public TrainerException unsupported(String key, String problem) {
        return new TrainerException(
                Reason.ModelUnsupported,
                file + ": " + path + key + ": "
                        + value(key).map(JsonNode::toString).orElse("absent") + ": " + problem);
    }
}
