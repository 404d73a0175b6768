package io.vlfinetune.trainer.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
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

    /** The images beside the sample, under the first of the keys; it is an error if two of them are given. */
    List<Content.Image> images(String... keys) {
        @Nullable String found = null;
        for (String key : keys) {
            if (has(key)) {
                if (found != null) {
                    throw location.invalid("both `" + found + "` and `" + key + "` are given; give one of them");
                }
                found = key;
            }
        }
        return found == null ? List.of() : images(found);
    }

    private List<Content.Image> images(String key) {
        JsonNode value = required(key);
        if (!value.isArray()) {
            return List.of(image(key));
        }
        var images = new ArrayList<Content.Image>();
        for (JsonNode element : value) {
            images.add(image(key + "[" + images.size() + "]", element));
        }
        return images;
    }

    /** The image under a key that must be there: a reference, bytes, or Hugging Face's object of {@code bytes} and {@code path}. */
    Content.Image image(String key) {
        return image(key, required(key));
    }

    private Content.Image image(String name, JsonNode value) {
        if (value.isTextual()) {
            return new Content.Image(value.textValue());
        }
        if (value instanceof BinaryNode binary) {
            return embedded(name, path + name, binary);
        }
        if (!value.isObject()) {
            throw wrongKind(name, "a path, a data: URI, or an object with `bytes` or `path`", value);
        }
        JsonNode file = value.path("path");
        JsonNode bytes = value.path("bytes");
        if (bytes instanceof BinaryNode binary) {
            return embedded(name, file.isTextual() ? file.textValue() : path + name, binary);
        }
        if (bytes.isValueNode() && !bytes.isNull()) {
            throw wrongKind(name + ".bytes", "binary (JSON has no such thing: give a data: URI instead)", bytes);
        }
        if (!file.isTextual()) {
            throw invalid(name, "has neither `bytes` nor a `path`");
        }
        return new Content.Image(file.textValue());
    }

    private Content.Image embedded(String name, String called, BinaryNode bytes) {
        if (bytes.binaryValue().length == 0) {
            throw invalid(name, "is empty; there is no image in it");
        }
        return new Content.Image(called, new ImageBytes(bytes.binaryValue()));
    }

    /** Whether there is something under a key: not null, and no empty text, array or object. */
    boolean hasContent(String key) {
        JsonNode value = object.path(key);
        return value.isTextual() ? !value.textValue().isBlank() : value.isContainerNode() ? !value.isEmpty() : has(key);
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
