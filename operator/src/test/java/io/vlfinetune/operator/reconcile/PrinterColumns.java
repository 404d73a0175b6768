package io.vlfinetune.operator.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.jayway.jsonpath.Configuration;
import com.jayway.jsonpath.JsonPath;
import com.jayway.jsonpath.Option;
import com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider;
import com.jayway.jsonpath.spi.mapper.JacksonMappingProvider;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What {@code kubectl get vlft -o wide} prints of a run, by the columns of the definition. */
final class PrinterColumns {
    private static final List<CustomResourceColumnDefinition> COLUMNS = columns();
    private static final Configuration JSON = Configuration.builder()
            .jsonProvider(new JacksonJsonNodeJsonProvider())
            .mappingProvider(new JacksonMappingProvider())
            .options(Option.ALWAYS_RETURN_LIST, Option.SUPPRESS_EXCEPTIONS)
            .build();

    private PrinterColumns() {}

    /** Texts by the columns' names; a column without a value is not there. */
    static Map<String, String> of(VLFineTune run) {
        JsonNode json = Json.strict().valueToTree(run);
        Map<String, String> cells = new TreeMap<>();
        for (CustomResourceColumnDefinition column : COLUMNS) {
            JsonNode found = JsonPath.using(JSON).parse(json).read("$" + column.getJsonPath());
            if (found.isEmpty() || found.get(0).isNull()) {
                continue;
            }
            cells.put(column.getName(), text(column, found));
        }
        return cells;
    }

    /** A server prints nothing where a value is not of the column's type. */
    private static String text(CustomResourceColumnDefinition column, JsonNode found) {
        JsonNode value = found.get(0);
        boolean fits = column.getType().equals("integer") ? value.isIntegralNumber() : value.isTextual();
        if (found.size() > 1 || !fits) {
            throw new AssertionError(column.getName() + " would not print " + found);
        }
        return value.asText();
    }

    private static List<CustomResourceColumnDefinition> columns() {
        Path file = Path.of("..", "crds", "vlfinetunes.vlfinetune.io.yaml").toAbsolutePath();
        try {
            return Serialization.unmarshal(Files.readString(file), CustomResourceDefinition.class)
                    .getSpec()
                    .getVersions()
                    .getFirst()
                    .getAdditionalPrinterColumns();
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }
}
