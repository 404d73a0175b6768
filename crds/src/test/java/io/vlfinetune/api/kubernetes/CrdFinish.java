package io.vlfinetune.api.kubernetes;

import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinitionBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceSubresourceStatus;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceSubresourcesBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.util.List;
import java.util.Locale;

/** What the generator cannot say from annotations: the columns' order, list-map keys, categories, the root's description. */
final class CrdFinish implements CRDPostProcessor {
    @Override
    public HasMetadata process(HasMetadata resource, String version) {
        CustomResourceDefinition crd = (CustomResourceDefinition) resource;
        crd.getMetadata().setAnnotations(null);
        for (CustomResourceDefinitionVersion served : crd.getSpec().getVersions()) {
            JSONSchemaProps root = served.getSchema().getOpenAPIV3Schema();
            switch (crd.getSpec().getNames().getKind()) {
                case "VLFineTune" -> run(crd, served, root);
                case "VLFineTuneProgress" -> progress(served, root);
                default -> throw new IllegalStateException(crd.getMetadata().getName());
            }
        }
        return crd;
    }

    private static void run(
            CustomResourceDefinition crd, CustomResourceDefinitionVersion served, JSONSchemaProps root) {
        crd.getSpec().getNames().setCategories(List.of("training"));
        root.setDescription(
                "VLFineTune is one fine-tuning run of a vision-language model: model, data and what is frozen.");
        root.setRequired(List.of("spec"));
        root.getProperties().get("spec").setDescription("What the user declares.");
        root.getProperties().get("status").setDescription("What the operator found.");
        JSONSchemaProps status = root.getProperties().get("status");
        listMap(status.getProperties().get("conditions"), "type");
        listMap(status.getProperties().get("metrics"), "name");
        JSONSchemaProps data = root.getProperties().get("spec").getProperties().get("data");
        listMap(data.getProperties().get("evaluation"), "name");
        served.setSubresources(new CustomResourceSubresourcesBuilder()
                .withStatus(new CustomResourceSubresourceStatus())
                .build());
        served.setAdditionalPrinterColumns(List.of(
                column("Phase", "string", ".status.phase", 0),
                column("Progress", "integer", ".status.progress.percent", 0),
                column("Step", "integer", ".status.progress.step", 0),
                column("Loss", "string", ".status.progress.loss", 0),
                column("Trainable", "string", ".status.plan.trainablePercent", 0),
                column("ETA", "integer", ".status.progress.etaSeconds", 0),
                column("Attempt", "integer", ".status.attempt", 0),
                column("Age", "date", ".metadata.creationTimestamp", 0),
                column("Model", "string", ".spec.model.source", 1),
                column("Queue", "string", ".spec.scheduling.queue", 1),
                column("Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", 1)));
    }

    private static void progress(CustomResourceDefinitionVersion served, JSONSchemaProps root) {
        root.setDescription("VLFineTuneProgress is where the trainer of one attempt reports; made by the operator.");
        served.setSubresources(null);
        served.setAdditionalPrinterColumns(List.of(
                column("State", "string", ".report.state", 0),
                column("Progress", "integer", ".report.progress.percent", 0),
                column("Sequence", "integer", ".report.sequence", 1),
                column("Age", "date", ".metadata.creationTimestamp", 0)));
    }

    private static void listMap(JSONSchemaProps list, String key) {
        list.setXKubernetesListType("map");
        list.setXKubernetesListMapKeys(List.of(key));
        JSONSchemaProps item = list.getItems().getSchema();
        if (!item.getRequired().contains(key)) {
            item.setRequired(List.of(key));
        }
    }

    private static CustomResourceColumnDefinition column(String name, String type, String path, int priority) {
        return new CustomResourceColumnDefinitionBuilder()
                .withName(name.toUpperCase(Locale.ROOT))
                .withType(type)
                .withJsonPath(path)
                .withPriority(priority == 0 ? null : priority)
                .build();
    }
}
