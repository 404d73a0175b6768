package io.vlfinetune.cli.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Good and bad resources with what a server says to them; one table for the embedded validator and for real servers.
 *
 * @param base a valid resource
 * @param creations resources to create
 * @param updates changes of the base resource in a phase
 */
public record ResourceTable(ObjectNode base, List<Case> creations, List<Case> updates) {
    /**
     * One row.
     *
     * @param name what is special about it
     * @param phase phase of the stored resource; empty for a creation
     * @param resource the resource that is sent
     * @param violations what the server finds; the message is a part of its message
     */
    public record Case(String name, String phase, ObjectNode resource, List<Violation> violations) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** Reads the table from the test resources. */
    public static ResourceTable load() {
        try (InputStream in =
                Objects.requireNonNull(ResourceTable.class.getResourceAsStream("/resources/table.yaml"))) {
            JsonNode table = new YAMLMapper().readTree(in);
            ObjectNode base = (ObjectNode) table.get("base");
            return new ResourceTable(base, cases(base, table.get("cases")), cases(base, table.get("updates")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Case> cases(ObjectNode base, JsonNode rows) {
        List<Case> cases = new ArrayList<>();
        for (JsonNode row : rows) {
            ObjectNode resource = base.deepCopy();
            row.path("set").properties().forEach(change -> set(resource, change.getKey(), change.getValue()));
            List<Violation> violations = new ArrayList<>();
            row.get("violations")
                    .forEach(one -> violations.add(new Violation(
                            one.get("path").asText(), one.get("message").asText())));
            cases.add(new Case(row.get("case").asText(), row.path("phase").asText(""), resource, violations));
        }
        return cases;
    }

    private static void set(ObjectNode resource, String path, JsonNode value) {
        ObjectNode parent = resource;
        String[] names = path.split("\\.", -1);
        for (int depth = 0; depth < names.length - 1; depth++) {
            parent = parent.withObjectProperty(names[depth]);
        }
        if (value.isNull()) {
            parent.remove(List.of(names[names.length - 1]));
        } else {
            parent.set(names[names.length - 1], value);
        }
    }
}
