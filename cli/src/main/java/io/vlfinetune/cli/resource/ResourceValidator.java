package io.vlfinetune.cli.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Validates a resource by its generated CRD as an API server does with strict field validation: unknown fields, types,
 * bounds, patterns and enums, required fields, defaults, keys of list-maps, and CEL rules. Everything that is wrong is
 * collected. Not thread-safe: compiled rules are kept.
 */
public final class ResourceValidator {
    private static final String CRDS = "/META-INF/vlfinetune/crds/";
    /** Kubernetes ObjectMeta v1. */
    private static final Set<String> METADATA = Set.of(
            "annotations",
            "creationTimestamp",
            "deletionGracePeriodSeconds",
            "deletionTimestamp",
            "finalizers",
            "generateName",
            "generation",
            "labels",
            "managedFields",
            "name",
            "namespace",
            "ownerReferences",
            "resourceVersion",
            "selfLink",
            "uid");

    private static final Pattern SUBDOMAIN =
            Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    private static final int LONGEST_NAME = 253;

    private final JsonNode schema;
    private final boolean statusSubresource;
    private final CelRules rules = new CelRules();

    private ResourceValidator(JsonNode definition) {
        JsonNode version = definition.path("spec").path("versions").path(0);
        this.schema = version.path("schema").path("openAPIV3Schema");
        this.statusSubresource = version.path("subresources").has("status");
    }

    /** Validates VLFineTune. */
    public static ResourceValidator forRuns() {
        return load("vlfinetunes.vlfinetune.io.yaml");
    }

    /** Validates VLFineTuneProgress. */
    public static ResourceValidator forProgress() {
        return load("vlfinetuneprogresses.vlfinetune.io.yaml");
    }

    private static ResourceValidator load(String name) {
        try (InputStream in = Objects.requireNonNull(
                ResourceValidator.class.getResourceAsStream(CRDS + name), "the CRD travels with the types")) {
            return new ResourceValidator(new YAMLMapper().readTree(in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What the server would store, and why it would not.
     *
     * @param resource the resource with defaults filled in and, as on a server, without the caller's status
     * @param violations everything that is wrong; empty for a valid resource
     */
    public record Result(ObjectNode resource, List<Violation> violations) {
        /** Keeps a copy of the violations. */
        public Result {
            violations = List.copyOf(violations);
        }

        /** Whether the server would take it. */
        public boolean valid() {
            return violations.isEmpty();
        }
    }

    /** Validates a resource that is to be created. */
    public Result create(ObjectNode resource) {
        return validate(resource, null);
    }

    /** Validates a resource that is to replace another; transition rules apply. */
    public Result update(ObjectNode resource, ObjectNode old) {
        return validate(resource, old);
    }

    private Result validate(ObjectNode given, @Nullable ObjectNode old) {
        ObjectNode resource = given.deepCopy();
        if (statusSubresource) {
            resource.remove(List.of("status"));
            if (old != null && old.has("status")) {
                resource.set("status", old.get("status").deepCopy());
            }
        }
        ObjectNode body = body(resource);
        SchemaDefaults.apply(schema, body);
        List<Violation> violations = new ArrayList<>(metadata(resource));
        SchemaCheck check = new SchemaCheck();
        check.check(schema, body, "");
        violations.addAll(check.violations());
        violations.addAll(rules.check(
                schema, forRules(resource, body), old == null ? null : forRules(old, body(old)), violations));
        body.properties().forEach(field -> resource.set(field.getKey(), field.getValue()));
        return new Result(resource, violations);
    }

    /** All but what every Kubernetes object has, which a CRD's schema does not repeat. */
    private static ObjectNode body(ObjectNode resource) {
        ObjectNode body = resource.deepCopy();
        return body.remove(List.of("apiVersion", "kind", "metadata"));
    }

    /** Rules at the root see name and generateName of the metadata and nothing else of it. */
    private static ObjectNode forRules(ObjectNode resource, ObjectNode body) {
        ObjectNode visible = body.deepCopy();
        ObjectNode metadata = JsonNodeFactory.instance.objectNode();
        for (String name : List.of("name", "generateName")) {
            if (resource.path("metadata").has(name)) {
                metadata.set(name, resource.path("metadata").get(name));
            }
        }
        return visible.set("metadata", metadata);
    }

    private static List<Violation> metadata(ObjectNode resource) {
        List<Violation> violations = new ArrayList<>();
        JsonNode metadata = resource.path("metadata");
        metadata.fieldNames().forEachRemaining(field -> {
            if (!METADATA.contains(field)) {
                violations.add(
                        new Violation("metadata." + field, "unknown field" + Nearest.hint(field, METADATA.iterator())));
            }
        });
        JsonNode name = metadata.path("name");
        if (name.isMissingNode() || name.isNull()) {
            violations.add(new Violation("metadata.name", "Required value: name or generateName is required"));
        } else if (!name.isTextual()
                || name.textValue().length() > LONGEST_NAME
                || !SUBDOMAIN.matcher(name.textValue()).matches()) {
            violations.add(new Violation(
                    "metadata.name",
                    "Invalid value: " + name + ": a lowercase RFC 1123 subdomain must consist of lower case"
                            + " alphanumeric characters, '-' or '.', and must start and end with an alphanumeric"
                            + " character"));
        }
        return violations;
    }
}
