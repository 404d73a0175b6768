package io.vlfinetune.cli.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** Turns a composed YAML document into JSON and keeps the line of every field. */
final class YamlTree {
    /** A resource has a few hundred values; aliases could multiply them without end. */
    private static final int MOST_VALUES = 100_000;

    private final Path file;
    private final Map<String, Integer> lines = new HashMap<>();
    private int values;

    YamlTree(Path file) {
        this.file = file;
    }

    Map<String, Integer> lines() {
        return lines;
    }

    JsonNode convert(Node node, String path) throws ResourceException {
        if (++values > MOST_VALUES) {
            throw problem(node, path, "more than " + MOST_VALUES + " values, aliases counted");
        }
        if (node.isRecursive()) {
            throw problem(node, path, "an alias to a value that contains it");
        }
        lines.putIfAbsent(path, lineOf(node));
        return switch (node) {
            case MappingNode mapping -> object(mapping, path);
            case SequenceNode sequence -> array(sequence, path);
            case ScalarNode scalar -> scalar(scalar, path);
            default -> throw problem(node, path, "neither a mapping, a list nor a word");
        };
    }

    private ObjectNode object(MappingNode mapping, String path) throws ResourceException {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        Set<String> seen = new HashSet<>();
        for (NodeTuple tuple : mapping.getValue()) {
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                throw problem(tuple.getKeyNode(), path, "a field's name must be a plain word");
            }
            String below = path.isEmpty() ? key.getValue() : path + "." + key.getValue();
            lines.put(below, lineOf(key));
            if (!seen.add(key.getValue())) {
                throw problem(key, below, "the field appears twice");
            }
            object.set(key.getValue(), convert(tuple.getValueNode(), below));
        }
        return object;
    }

    private ArrayNode array(SequenceNode sequence, String path) throws ResourceException {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        for (Node item : sequence.getValue()) {
            array.add(convert(item, path + "[" + array.size() + "]"));
        }
        return array;
    }

    private JsonNode scalar(ScalarNode scalar, String path) throws ResourceException {
        JsonNodeFactory factory = JsonNodeFactory.instance;
        String text = scalar.getValue();
        Tag tag = scalar.getTag();
        try {
            if (tag.equals(Tag.NULL)) {
                return factory.nullNode();
            } else if (tag.equals(Tag.BOOL)) {
                return factory.booleanNode(Boolean.parseBoolean(text));
            } else if (tag.equals(Tag.INT)) {
                return integer(text);
            } else if (tag.equals(Tag.FLOAT)) {
                return factory.numberNode(Double.parseDouble(text));
            }
            return factory.textNode(text);
        } catch (NumberFormatException e) {
            throw problem(scalar, path, "not a number that JSON can hold: " + text);
        }
    }

    private static JsonNode integer(String text) {
        BigInteger value = text.startsWith("0x")
                ? new BigInteger(text.substring(2), 16)
                : text.startsWith("0o") ? new BigInteger(text.substring(2), 8) : new BigInteger(text);
        return value.bitLength() < Long.SIZE
                ? JsonNodeFactory.instance.numberNode(value.longValue())
                : JsonNodeFactory.instance.numberNode(value);
    }

    private ResourceException problem(Node node, String path, String message) {
        String where = file + ":" + lineOf(node) + ": ";
        return new ResourceException(where + new Violation(path, message));
    }

    private static int lineOf(Node node) {
        return node.getStartMark().map(Mark::getLine).orElse(0) + 1;
    }
}
