package io.vlfinetune.e2e;

import com.marcnuri.helm.Helm;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/** What the operator may do: the chart's rules as Helm renders them. */
final class OperatorRole {
    private static final Path CHART = Path.of("..", "helm", "vlfinetune-operator");

    private OperatorRole() {}

    /** The chart's only ClusterRole; the written-down least where this tree has no chart. */
    static ClusterRole read() throws IOException {
        if (Files.isDirectory(CHART)) {
            return clusterRole(new Helm(CHART.toRealPath())
                    .template()
                    .withName("vlfinetune-operator")
                    .call());
        }
        try (InputStream least = OperatorRole.class.getResourceAsStream("/operator-role.yaml")) {
            return Serialization.unmarshal(Objects.requireNonNull(least), ClusterRole.class);
        }
    }

    private static ClusterRole clusterRole(String manifest) {
        String document = Arrays.stream(manifest.split("(?m)^---.*$", -1))
                .filter(one -> one.lines().anyMatch("kind: ClusterRole"::equals))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the chart renders no ClusterRole:\n" + manifest));
        return Serialization.unmarshal(document, ClusterRole.class);
    }
}
