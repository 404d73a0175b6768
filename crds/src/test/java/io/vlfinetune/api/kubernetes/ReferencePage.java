package io.vlfinetune.api.kubernetes;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes a resource definition as a page that people read: every field with type, default, bounds and description. */
final class ReferencePage {
    private ReferencePage() {}

    static String of(CustomResourceDefinition crd) {
        JSONSchemaProps root =
                crd.getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema();
        StringBuilder page = new StringBuilder("# " + crd.getSpec().getNames().getKind() + "\n\n"
                + "<!-- generated: ./mvnw -pl crds test -Dcrds.update=true -->\n\n" + root.getDescription() + "\n");
        for (Map.Entry<String, JSONSchemaProps> block : root.getProperties().entrySet()) {
            page.append("\n## ")
                    .append(block.getKey())
                    .append("\n\n| field | type | default | what |\n|---|---|---|---|\n");
            rows(block.getKey(), block.getValue(), page);
            List<String> rules = new ArrayList<>();
            rules(block.getKey(), block.getValue(), rules);
            if (!rules.isEmpty()) {
                page.append("\nRules:\n\n").append(String.join("", rules));
            }
        }
        root.getXKubernetesValidations()
                .forEach(rule -> page.append("\n- ").append(rule.getMessage()).append('\n'));
        return page.toString();
    }

    private static void rows(String path, JSONSchemaProps schema, StringBuilder page) {
        schema.getProperties().forEach((name, child) -> {
            String at = path + "." + name;
            boolean list = "array".equals(child.getType());
            JSONSchemaProps item = list ? child.getItems().getSchema() : child;
            page.append("| `%s` | %s | %s | %s |%n"
                    .formatted(
                            list ? at + "[]" : at,
                            type(item) + (schema.getRequired().contains(name) ? ", required" : ""),
                            item.getDefault() == null
                                    ? ""
                                    : "`" + item.getDefault().asText() + "`",
                            child.getDescription() == null
                                    ? ""
                                    : child.getDescription().replace("|", "\\|")));
            rows(list ? at + "[]" : at, item, page);
        });
    }

    private static String type(JSONSchemaProps schema) {
        if (!schema.getEnum().isEmpty()) {
            return schema.getEnum().stream()
                    .map(value -> "`" + value.asText() + "`")
                    .collect(Collectors.joining(" "));
        }
        String bounds = schema.getMinimum() == null
                ? ""
                : " ≥ " + schema.getMinimum().longValue()
                        + (schema.getMaximum() == null
                                ? ""
                                : ", ≤ " + schema.getMaximum().longValue());
        return schema.getType() + bounds;
    }

    private static void rules(String path, JSONSchemaProps schema, List<String> rules) {
        schema.getXKubernetesValidations().forEach(rule -> rules.add("- `" + path + "`: " + rule.getMessage() + "\n"));
        schema.getProperties().forEach((name, child) -> {
            boolean list = "array".equals(child.getType());
            rules(path + "." + name, list ? child.getItems().getSchema() : child, rules);
        });
    }
}
