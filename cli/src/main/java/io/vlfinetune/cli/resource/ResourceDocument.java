package io.vlfinetune.cli.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Map;

/**
 * One resource of a YAML file and where its fields stand.
 *
 * @param file the file
 * @param line first line of the document, from 1
 * @param content the resource; relative {@code file://} URIs are already absolute
 * @param lines line of each field path
 */
public record ResourceDocument(Path file, int line, ObjectNode content, Map<String, Integer> lines) {
    /** Keeps a copy of the lines. */
    public ResourceDocument {
        lines = Map.copyOf(lines);
    }

    /** metadata.name; empty where there is none. */
    public String name() {
        return content.path("metadata").path("name").asText("");
    }

    /** {@code file:line} of a field; of the nearest field above it, if the field itself is absent. */
    public String position(String path) {
        String nearest = path;
        while (!nearest.isEmpty()) {
            Integer found = lines.get(nearest);
            if (found != null) {
                return file + ":" + found;
            }
            int cut = Math.max(nearest.lastIndexOf('.'), nearest.lastIndexOf('['));
            nearest = cut < 0 ? "" : nearest.substring(0, cut);
        }
        return file + ":" + line;
    }

    /** A violation with file and line in front. */
    public String describe(Violation violation) {
        return position(violation.path()) + ": " + violation;
    }
}
