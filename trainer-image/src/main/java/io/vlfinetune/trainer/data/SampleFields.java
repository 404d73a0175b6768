package io.vlfinetune.trainer.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** Reads the fields of one JSON object of a sample, or says which is missing or of the wrong kind. */
final class SampleFields {
    private final SampleLocation location;
    private final JsonNode object;
    private final String path;

    /** Reads a whole sample. */
    SampleFields(SampleLocation location, JsonNode object) {
        this(location, object, "");
    }

    private SampleFields(SampleLocation location, JsonNode object, String path) {
        this.location = location;
        this.object = object;
        this.path = path;
    }

    SampleLocation location() {
        return location;
    }

    boolean has(String key) {
        return object.hasNonNull(key);
    }

    /** A string that must be there. */
    String text(String key) {
        JsonNode value = required(key);
        if (!value.isTextual()) {
            throw wrongKind(key, "a string", value);
        }
        return value.textValue();
    }

    /** A value that must be there. */
    JsonNode required(String key) {
        JsonNode value = object.get(key);
        if (value == null || value.isNull()) {
            throw location.invalid("`" + path + key + "` is missing; found " + keys());
        }
        return value;
    }

    /** The objects of an array that must be there. */
    List<SampleFields> objects(String key) {
        JsonNode array = required(key);
        if (!array.isArray()) {
            throw wrongKind(key, "an array", array);
        }
        var objects = new ArrayList<SampleFields>();
        for (JsonNode element : array) {
            String name = key + "[" + objects.size() + "]";
            if (!element.isObject()) {
                throw wrongKind(name, "an object", element);
            }
            objects.add(new SampleFields(location, element, path + name + "."));
        }
        return objects;
    }

    /** The strings under a key that may be absent: none, one, or an array of them. */
    List<String> strings(String key) {
        JsonNode value = object.get(key);
        if (value == null || value.isNull()) {
            return List.of();
        }
        if (value.isTextual()) {
            return List.of(value.textValue());
        }
        if (!value.isArray()) {
            throw wrongKind(key, "a string or an array of strings", value);
        }
        var strings = new ArrayList<String>();
        for (JsonNode element : value) {
            if (!element.isTextual()) {
                throw wrongKind(key + "[" + strings.size() + "]", "a string", element);
            }
            strings.add(element.textValue());
        }
        return strings;
    }

    /** The images beside the sample, under the first of the keys; it is an error if two of them are given. */
    List<String> images(String... keys) {
        @Nullable String found = null;
        for (String key : keys) {
            if (has(key)) {
                if (found != null) {
                    throw location.invalid("both `" + found + "` and `" + key + "` are given; give one of them");
                }
                found = key;
            }
        }
        return found == null ? List.of() : strings(found);
    }

    /** A failure about a field of this object, to be thrown. */
    RuntimeException invalid(String key, String problem) {
        return location.invalid("`" + path + key + "` " + problem);
    }

    RuntimeException wrongKind(String key, String expected, JsonNode value) {
        return invalid(
                key,
                "must be " + expected + ", not " + value.getNodeType().name().toLowerCase(Locale.ROOT));
    }

    /** The keys of this object as a message names them. */
    String keys() {
        var keys = new StringJoiner(", ", "the keys ", "");
        object.fieldNames().forEachRemaining(keys::add);
        return object.isEmpty() ? "no keys" : keys.toString();
    }
}
