package io.vlfinetune.cli.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** Reads YAML files with one or more {@code VLFineTune} resources. */
public final class ResourceFile {
    private static final String API_VERSION = VLFineTune.GROUP + "/" + VLFineTune.VERSION;
    private static final String KIND = "VLFineTune";
    private static final String FILE_SCHEME = "file://";

    private ResourceFile() {}

    /**
     * The resources of a file in their order.
     *
     * @throws ResourceException if the file cannot be read, is no YAML, or holds something else than VLFineTune; each
     *     problem says file, line and field path
     */
    public static List<ResourceDocument> read(Path file) throws ResourceException {
        String text = text(file);
        List<ResourceDocument> documents = new ArrayList<>();
        try {
            for (Node root : compose(file).composeAllFromString(text)) {
                document(file, root).ifPresent(documents::add);
            }
        } catch (MarkedYamlEngineException e) {
            int line = e.getProblemMark().map(Mark::getLine).orElse(0) + 1;
            throw new ResourceException(file + ":" + line + ": not YAML: " + e.getProblem());
        } catch (YamlEngineException e) {
            throw new ResourceException(file + ": not YAML: " + e.getMessage());
        }
        if (documents.isEmpty()) {
            throw new ResourceException(file + ": no resource in this file");
        }
        return documents;
    }

    private static Compose compose(Path file) {
        return new Compose(LoadSettings.builder()
                .setLabel(file.toString())
                .setSchema(new CoreSchema())
                .setUseMarks(true)
                .build());
    }

    private static String text(Path file) throws ResourceException {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new ResourceException(file + ": no such file");
        } catch (CharacterCodingException e) {
            throw new ResourceException(file + ": not UTF-8 text");
        } catch (IOException e) {
            throw new ResourceException(file + ": cannot be read: " + e.getMessage());
        }
    }

    private static Optional<ResourceDocument> document(Path file, Node root) throws ResourceException {
        YamlTree tree = new YamlTree(file);
        JsonNode json = tree.convert(root, "");
        if (json.isNull()) {
            return Optional.empty();
        }
        int line = root.getStartMark().map(Mark::getLine).orElse(0) + 1;
        if (!(json instanceof ObjectNode object)) {
            throw new ResourceException(
                    file + ":" + line + ": a resource is a mapping with apiVersion, kind, metadata" + " and spec");
        }
        ResourceDocument document = new ResourceDocument(file, line, object, tree.lines());
        List<String> problems = new ArrayList<>();
        expect(document, "apiVersion", API_VERSION, problems);
        expect(document, "kind", KIND, problems);
        absolute(document, object.path("spec"), "spec", problems);
        if (!problems.isEmpty()) {
            throw new ResourceException(problems);
        }
        return Optional.of(document);
    }

    private static void expect(ResourceDocument document, String field, String expected, List<String> problems) {
        JsonNode found = document.content().path(field);
        if (!expected.equals(found.asText(""))) {
            String message = found.isMissingNode()
                    ? "Required value: " + expected
                    : "Unsupported value: " + found + ": supported values: \"" + expected + "\"";
            problems.add(document.describe(new Violation(field, message)));
        }
    }

    /** Replaces {@code file://./x} by the absolute URI: relative to the YAML file, wherever the command is called. */
    private static void absolute(ResourceDocument document, JsonNode node, String path, List<String> problems) {
        if (node instanceof ObjectNode object) {
            for (var field : object.properties()) {
                String below = path + "." + field.getKey();
                if (field.getValue() instanceof TextNode text) {
                    field.setValue(absolute(document, text, below, problems));
                } else {
                    absolute(document, field.getValue(), below, problems);
                }
            }
        } else if (node instanceof ArrayNode array) {
            for (int index = 0; index < array.size(); index++) {
                absolute(document, array.get(index), path + "[" + index + "]", problems);
            }
        }
    }

    private static TextNode absolute(ResourceDocument document, TextNode text, String path, List<String> problems) {
        String uri = text.textValue();
        if (!uri.startsWith(FILE_SCHEME) || uri.startsWith(FILE_SCHEME + "/")) {
            return text;
        }
        String relative = uri.substring(FILE_SCHEME.length());
        if (!relative.matches("\\.\\.?(/.*)?")) {
            problems.add(document.describe(new Violation(
                    path,
                    "Invalid value: \"" + uri + "\": write file:///absolute/path, or file://./path for a path"
                            + " relative to this file")));
            return text;
        }
        Path base = Objects.requireNonNull(
                document.file().toAbsolutePath().normalize().getParent());
        return new TextNode(FILE_SCHEME + base.resolve(relative).normalize());
    }
}
