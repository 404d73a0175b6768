package io.vlfinetune.trainer.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One JSON file of a model folder, with messages that name the file. A file that is absent reads as an empty one.
 *
 * @param file the file's path
 * @param json its content
 */
public record ModelJson(Path file, JsonNode json) {
    private static final JsonMapper MAPPER = new JsonMapper();

    /**
     * Reads a file of a model folder.
     *
     * @throws TrainerException ModelUnsupported when it is not a JSON object
     */
    public static ModelJson read(Path modelFolder, String name) {
        Path file = modelFolder.resolve(name);
        try {
            JsonNode json = Files.exists(file)
                    ? MAPPER.readTree(Files.readAllBytes(file))
                    : JsonNodeFactory.instance.objectNode();
            if (json.isObject()) {
                return new ModelJson(file, json);
            }
        } catch (IOException e) {
            throw new TrainerException(Reason.ModelUnsupported, file + " cannot be read: " + SampleJson.problem(e), e);
        }
        throw new TrainerException(Reason.ModelUnsupported, file + " must be a JSON object");
    }

    /** Whether a field is given and not null. */
    public boolean has(String key) {
        return json.hasNonNull(key);
    }

    /** An object within; empty when absent. */
    public ModelJson within(String key) {
        JsonNode value = json.path(key);
        if (!value.isObject() && has(key)) {
            throw unsupported(key, "must be an object");
        }
        return new ModelJson(file, value.isObject() ? value : JsonNodeFactory.instance.objectNode());
    }

    /** A whole number above 0, or the one to take when it is absent. */
    public int positive(String key, int absent) {
        int value = count(key, absent);
        if (value < 1) {
            throw unsupported(key, "is " + value + "; it must be above 0");
        }
        return value;
    }

    /** A whole number of 0 or more, or the one to take when it is absent. */
    public int count(String key, int absent) {
        if (!has(key)) {
            return absent;
        }
        JsonNode value = json.get(key);
        if (!value.canConvertToExactIntegral() || !value.canConvertToInt() || value.intValue() < 0) {
            throw unsupported(key, "is " + value + "; it must be a whole number");
        }
        return value.intValue();
    }

    /** A number, or the one to take when it is absent. */
    public double number(String key, double absent) {
        if (has(key) && !json.get(key).isNumber()) {
            throw unsupported(key, "must be a number");
        }
        return json.path(key).asDouble(absent);
    }

    /** A switch, or what to take when it is absent. */
    public boolean flag(String key, boolean absent) {
        if (has(key) && !json.get(key).isBoolean()) {
            throw unsupported(key, "must be true or false");
        }
        return json.path(key).asBoolean(absent);
    }

    /** A string, or null when it is absent. Tokens may be objects with a {@code content}. */
    public @Nullable String text(String key) {
        JsonNode value = json.path(key);
        if (value.isObject()) {
            value = value.path("content");
        }
        if (has(key) && !value.isTextual()) {
            throw unsupported(key, "must be a string");
        }
        return value.textValue();
    }

    /** A failure about a field of this file, to be thrown. */
    public TrainerException unsupported(String key, String problem) {
        return new TrainerException(Reason.ModelUnsupported, file + ": `" + key + "` " + problem);
    }
}
