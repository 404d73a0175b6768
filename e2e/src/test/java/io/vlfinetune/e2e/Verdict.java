package io.vlfinetune.e2e;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.vlfinetune.cli.resource.Violation;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a real server says to a resource when it is asked to be strict about unknown fields; nothing is stored.
 *
 * @param stored what it would store; the resource itself where it refuses
 * @param violations why it refuses; none if it accepts
 */
record Verdict(ObjectNode stored, List<Violation> violations) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String STRICT = "?fieldValidation=Strict&dryRun=All";
    private static final Pattern UNKNOWN = Pattern.compile("unknown field \"([^\"]+)\"");
    /** The server's way to say that rules come after the schema. */
    private static final String LATER = "some validation rules were not checked";

    /** The answer to POST at the collection, or to PUT at the object. */
    static Verdict of(KubernetesClient client, String method, String path, ObjectNode resource)
            throws JsonProcessingException {
        try {
            String answer = client.raw(path + STRICT, method, resource);
            return new Verdict((ObjectNode) JSON.readTree(answer), List.of());
        } catch (KubernetesClientException e) {
            return new Verdict(resource, violations(e));
        }
    }

    private static List<Violation> violations(KubernetesClientException refusal) {
        Status status = Objects.requireNonNull(refusal.getStatus(), refusal.getMessage());
        List<Violation> violations = new ArrayList<>();
        // Unknown fields are found while the body is read, before anything has a path of its own.
        Matcher unknown = UNKNOWN.matcher(status.getMessage());
        while (unknown.find()) {
            violations.add(new Violation(unknown.group(1), "unknown field"));
        }
        if (violations.isEmpty()) {
            for (StatusCause cause : status.getDetails().getCauses()) {
                if (!cause.getMessage().contains(LATER)) {
                    String field = cause.getField().equals("<nil>") ? "" : cause.getField();
                    violations.add(new Violation(field, cause.getMessage()));
                }
            }
        }
        return violations;
    }
}
