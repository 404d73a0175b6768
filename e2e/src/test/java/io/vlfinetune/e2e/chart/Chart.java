package io.vlfinetune.e2e.chart;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The chart of the operator, as this source tree has it. */
public final class Chart {
    /** Name of the release that is rendered. */
    public static final String RELEASE = "vlfinetune-operator";

    /** Namespace of the release that is rendered. */
    public static final String NAMESPACE = "vlfinetune-system";

    /** Without a cluster to ask, Helm's library assumes a Kubernetes that is years old. */
    private static final String KUBERNETES = "v1.35.4";

    private static final Path FOLDER =
            Path.of("..", "helm", "vlfinetune-operator").toAbsolutePath().normalize();

    private static final KubernetesSerialization KUBERNETES_YAML = new KubernetesSerialization();

    private Chart() {}

    /** Its folder. */
    public static Path folder() {
        return FOLDER;
    }

    /**
     * What an installation would create, CRDs apart, in Helm's order.
     *
     * @param values in the syntax of {@code helm --set}: keys such as {@code namespaces[0]} or {@code trainer.image.tag}
     * @throws IllegalStateException Helm refused chart or values; with its message
     */
    public static List<HasMetadata> render(Map<String, String> values) {
        return objects(text(values));
    }

    /** What an installation for all namespaces allows the operator. */
    public static ClusterRole operatorRole() {
        return render(Map.of()).stream()
                .filter(ClusterRole.class::isInstance)
                .map(ClusterRole.class::cast)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the chart renders no ClusterRole"));
    }

    /** The admission policy of progress objects and its binding. */
    public static List<HasMetadata> progressPolicy() {
        return render(Map.of()).stream()
                .filter(object -> object.getKind().startsWith("ValidatingAdmissionPolicy"))
                .toList();
    }

    /** The manifest of {@link #render(Map)} as YAML. */
    public static String text(Map<String, String> values) {
        TemplateCommand command = new Helm(FOLDER)
                .template()
                .withName(RELEASE)
                .withNamespace(NAMESPACE)
                .withKubeVersion(KUBERNETES);
        values.forEach(command::set);
        return command.call();
    }

    /** The CRDs that the chart brings. */
    public static List<HasMetadata> crds() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER.resolve("crds"))) {
            List<HasMetadata> crds = new ArrayList<>();
            for (Path file : files.sorted().toList()) {
                crds.addAll(objects(Files.readString(file)));
            }
            return crds;
        }
    }

    /**
     * What {@code helm lint --strict} says of a copy of the chart whose defaults are overlaid with other values.
     *
     * @param copy empty folder for the copy
     * @param overlay YAML in the shape of values.yaml; lists replace lists
     */
    static LintResult lint(Path copy, String overlay) throws IOException {
        try (Stream<Path> files = Files.walk(FOLDER)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = copy.resolve(FOLDER.relativize(file).toString());
                Files.createDirectories(target.getParent());
                Files.copy(file, target);
            }
        }
        Path values = copy.resolve("values.yaml");
        ObjectNode merged = Serialization.unmarshal(Files.readString(values), ObjectNode.class);
        merge(merged, Serialization.unmarshal(overlay, ObjectNode.class));
        Files.writeString(values, Serialization.asYaml(merged));
        return new Helm(copy).lint().strict().call();
    }

    private static void merge(ObjectNode values, ObjectNode overlay) {
        overlay.properties().forEach(entry -> {
            JsonNode old = values.get(entry.getKey());
            if (old instanceof ObjectNode below && entry.getValue() instanceof ObjectNode over) {
                merge(below, over);
            } else {
                values.set(entry.getKey(), entry.getValue());
            }
        });
    }

    private static List<HasMetadata> objects(String manifest) {
        return Arrays.stream(manifest.split("(?m)^---.*$", -1))
                .filter(document -> document.lines().anyMatch(line -> !line.isBlank() && !line.startsWith("#")))
                .map(KUBERNETES_YAML::<HasMetadata>unmarshal)
                .toList();
    }
}
