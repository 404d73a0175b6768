package io.vlfinetune.e2e.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Walks a schema and changes one field of a good spec after the other.
 *
 * @param good a spec that works
 * @param mutations what was made so far
 */
record SchemaWalk(ObjectNode good, List<Mutation> mutations) {
    private static final String ROOT = "spec";

    /** All mutations of a good spec. */
    static List<Mutation> of(JsonNode schema, ObjectNode good) {
        SchemaWalk walk = new SchemaWalk(good, new ArrayList<>());
        walk.object(schema, ROOT, List.of());
        return List.copyOf(walk.mutations());
    }

    /** A step down: to a property, or into the first item of a list. */
    private record Step(String property, JsonNode schema) {}

    private void object(JsonNode schema, String path, List<Step> above) {
        schema.path("properties").properties().forEach(property -> {
            List<Step> steps = new ArrayList<>(above);
            steps.add(new Step(property.getKey(), property.getValue()));
            field(property.getValue(), path + "." + property.getKey(), List.copyOf(steps));
        });
    }

    private void field(JsonNode schema, String path, List<Step> steps) {
        add(path, "absent", steps, ObjectNode::remove);
        Values.strange(schema)
                .forEach((kind, value) -> add(path, kind, steps, (parent, name) -> parent.set(name, value)));
        String type = schema.path("type").asText();
        if (type.equals("object")) {
            object(schema, path, steps);
        } else if (type.equals("array") && schema.path("items").has("properties")) {
            object(schema.path("items"), path + "[0]", steps);
        }
    }

    /** Changes the field at the end of the steps; what is above it and missing is made as its schema requires. */
    private void add(String path, String kind, List<Step> steps, BiConsumer<ObjectNode, String> change) {
        ObjectNode spec = good.deepCopy();
        ObjectNode parent = spec;
        for (Step step : steps.subList(0, steps.size() - 1)) {
            parent = down(parent, step);
        }
        change.accept(parent, steps.getLast().property());
        mutations.add(new Mutation(path, kind, spec));
    }

    private static ObjectNode down(ObjectNode parent, Step step) {
        JsonNode child = parent.get(step.property());
        if (child == null || child.isEmpty()) {
            child = Values.ordinary(step.schema());
            parent.set(step.property(), child);
        }
        return child instanceof ArrayNode list ? (ObjectNode) list.get(0) : (ObjectNode) child;
    }
}
