package io.vlfinetune.api.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the YAML in this module's folder against the Java types. */
class CrdGenerationTest {
    /** Plain {@code kubectl apply} keeps the whole object in an annotation of at most 262,144 bytes. */
    private static final int MAX_BYTES = 200_000;

    /** Helm takes CRDs from here alone. */
    private static final Path CHART = Path.of("..", "helm", "vlfinetune-operator", "crds");

    private static final String RUN = "vlfinetunes.vlfinetune.io";
    private static final String PROGRESS = "vlfinetuneprogresses.vlfinetune.io";

    @TempDir
    private Path generated;

    @ParameterizedTest
    @ValueSource(strings = {RUN, PROGRESS})
    void committedYamlIsWhatTheTypesSay(String name) throws IOException {
        String made = generate(name);
        Path committed = Path.of(name + ".yaml");
        if (Boolean.getBoolean("crds.update")) {
            Files.writeString(committed, made);
            Files.writeString(CHART.resolve(committed), made);
        }
        assertThat(List.of(committed, CHART.resolve(committed)))
                .allSatisfy(file -> assertThat(file)
                        .as("stale: run ./mvnw -pl crds test -Dcrds.update=true")
                        .content()
                        .isEqualTo(made));
        assertThat(Files.size(committed)).isLessThan(MAX_BYTES);
    }

    @ParameterizedTest
    @ValueSource(strings = {RUN, PROGRESS})
    void committedReferenceIsWhatTheTypesSay(String name) throws IOException {
        CustomResourceDefinition crd = Serialization.unmarshal(generate(name), CustomResourceDefinition.class);
        String made = ReferencePage.of(crd);
        Path committed =
                Path.of("..", "docs", "reference", crd.getSpec().getNames().getSingular() + ".md");
        if (Boolean.getBoolean("crds.update")) {
            Files.createDirectories(committed.getParent());
            Files.writeString(committed, made);
        }
        assertThat(committed)
                .as("stale: run ./mvnw -pl crds test -Dcrds.update=true")
                .content()
                .isEqualTo(made);
    }

    @Test
    void columnsStandInTheOrderUsersRead() throws IOException {
        assertThat(version(RUN).getAdditionalPrinterColumns())
                .filteredOn(column -> column.getPriority() == null || column.getPriority() == 0)
                .extracting(CustomResourceColumnDefinition::getName)
                .containsExactly("PHASE", "PROGRESS", "STEP", "LOSS", "TRAINABLE", "ETA", "ATTEMPT", "AGE");
    }

    @Test
    void conditionsAreAListMapByType() throws IOException {
        JSONSchemaProps conditions = version(RUN)
                .getSchema()
                .getOpenAPIV3Schema()
                .getProperties()
                .get("status")
                .getProperties()
                .get("conditions");
        assertThat(conditions.getXKubernetesListType()).isEqualTo("map");
        assertThat(conditions.getXKubernetesListMapKeys()).containsExactly("type");
        assertThat(conditions.getItems().getSchema().getRequired())
                .contains("type", "status", "reason", "message", "lastTransitionTime");
    }

    @Test
    void everyFieldOfTheSpecHasADescriptionAndABound() throws IOException {
        List<String> bare = new ArrayList<>();
        JSONSchemaProps root = version(RUN).getSchema().getOpenAPIV3Schema();
        check("spec", root.getProperties().get("spec"), bare);
        assertThat(bare).isEmpty();
    }

    private static void check(String path, JSONSchemaProps schema, List<String> bare) {
        if (schema.getDescription() == null) {
            bare.add(path + ": no description");
        }
        if ("string".equals(schema.getType())
                && schema.getMaxLength() == null
                && schema.getEnum().isEmpty()) {
            bare.add(path + ": a string without maxLength makes CEL rules expensive");
        }
        if ("array".equals(schema.getType())) {
            if (schema.getMaxItems() == null) {
                bare.add(path + ": a list without maxItems makes CEL rules expensive");
            }
            schema.getItems()
                    .getSchema()
                    .getProperties()
                    .forEach((name, child) -> check(path + "[]." + name, child, bare));
        }
        for (Map.Entry<String, JSONSchemaProps> property :
                schema.getProperties().entrySet()) {
            check(path + "." + property.getKey(), property.getValue(), bare);
        }
    }

    private CustomResourceDefinitionVersion version(String name) throws IOException {
        return Serialization.unmarshal(generate(name), CustomResourceDefinition.class)
                .getSpec()
                .getVersions()
                .getFirst();
    }

    /** The generated text of a resource definition by its full name. */
    private String generate(String name) throws IOException {
        return Files.readString(Path.of(new CRDGenerator()
                .customResourceClasses(VLFineTune.class, VLFineTuneProgress.class)
                .withPostProcessor(new CrdFinish())
                .withMinQuotes(true)
                .inOutputDir(generated.toFile())
                .detailedGenerate()
                .getCRDDetailsPerNameAndVersion()
                .get(name)
                .get("v1")
                .getFilePath()));
    }
}
