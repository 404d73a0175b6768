package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.attempt.ClaimSource;
import io.vlfinetune.operator.attempt.RunJson;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the schema cannot see of a spec that cannot be carried out. */
final class SpecCheck {
    private static final int MAX_NAME = 45;
    private static final String FILE = "file://";

    private SpecCheck() {}

    /** What is wrong, where, and what to do; empty for a spec that can be carried out. */
    static Optional<String> check(VLFineTune run, int attempt, OperatorConfiguration configuration) {
        String name = run.getMetadata().getName();
        if (name.length() > MAX_NAME || name.contains(".")) {
            return Optional.of(
                    "metadata.name is '%s': it has at most %d characters and no dot, since attempts add a number"
                            .formatted(name, MAX_NAME));
        }
        return files(run, configuration).or(() -> size(run, attempt, configuration));
    }

    private static Optional<String> files(VLFineTune run, OperatorConfiguration configuration) {
        List<String> fields = ClaimSource.uris(run.getSpec()).entrySet().stream()
                .filter(uri -> !configuration.fileSources() && uri.getValue().startsWith(FILE))
                .map(Map.Entry::getKey)
                .toList();
        return fields.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        String.join(", ", fields)
                                + ": file:// works only where the trainer shares a machine with you (vlft run); use pvc://claim/path");
    }

    private static Optional<String> size(VLFineTune run, int attempt, OperatorConfiguration configuration) {
        int bytes = RunJson.of(run, attempt, configuration).getBytes(StandardCharsets.UTF_8).length;
        return bytes <= RunJson.MAX_BYTES
                ? annotations(run)
                : Optional.of(
                        "spec: model, data, freeze, training and output take %d bytes as JSON, at most %d: shorten them"
                                .formatted(bytes, RunJson.MAX_BYTES));
    }

    /** Beside run.json; together they stay well below what would keep the pod from ever being made. */
    private static Optional<String> annotations(VLFineTune run) {
        int bytes = run.getSpec().scheduling().podAnnotations().entrySet().stream()
                .mapToInt(entry -> entry.getKey().getBytes(StandardCharsets.UTF_8).length
                        + entry.getValue().getBytes(StandardCharsets.UTF_8).length)
                .sum();
        return bytes <= RunJson.MAX_BYTES / 2
                ? Optional.empty()
                : Optional.of("spec.scheduling.podAnnotations take %d bytes, at most %d: shorten them"
                        .formatted(bytes, RunJson.MAX_BYTES / 2));
    }
}
