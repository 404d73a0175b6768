package io.vlfinetune.cli.embedded.realapi;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a cluster has that a bare API server lacks: our kinds, and in each namespace the trainers' service account and the
 * server's certificate, which the controller-manager publishes elsewhere.
 *
 * @param client may do anything
 * @param authority certificate by which the server is known, PEM
 */
record ClusterBasics(KubernetesClient client, String authority) {
    /** Service account, Role and RoleBinding of trainers. */
    static final String TRAINER = "vlfinetune-trainer";

    private static final List<String> CRDS =
            List.of("vlfinetunes.vlfinetune.io.yaml", "vlfinetuneprogresses.vlfinetune.io.yaml");
    private static final long PATIENCE_SECONDS = 30;

    /** Creates both kinds and waits until the server serves them. */
    void kinds() throws IOException {
        for (String name : CRDS) {
            try (InputStream in = Objects.requireNonNull(
                    ClusterBasics.class.getResourceAsStream("/META-INF/vlfinetune/crds/" + name))) {
                CustomResourceDefinition definition = Serialization.unmarshal(in, CustomResourceDefinition.class);
                client.resource(definition).create();
                client.resource(definition)
                        .waitUntilCondition(ClusterBasics::established, PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
        }
    }

    private static boolean established(@Nullable CustomResourceDefinition definition) {
        return definition != null
                && definition.getStatus() != null
                // Absent for a moment after the definition was created.
                && definition.getStatus().getConditions() != null
                && definition.getStatus().getConditions().stream()
                        .anyMatch(condition -> condition.getType().equals("Established")
                                && condition.getStatus().equals("True"));
    }

    /** Makes a namespace in which runs can be. */
    void namespace(String name) {
        if (client.namespaces().withName(name).get() == null) {
            client.resource(new NamespaceBuilder()
                            .withNewMetadata()
                            .withName(name)
                            .endMetadata()
                            .build())
                    .create();
        }
        client.resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName("kube-root-ca.crt")
                        .withNamespace(name)
                        .endMetadata()
                        .addToData("ca.crt", authority)
                        .build())
                .create();
        trainer(name);
    }

    /** Trainers may patch progress objects and do nothing else, not even read. */
    private void trainer(String namespace) {
        client.resource(new ServiceAccountBuilder()
                        .withNewMetadata()
                        .withName(TRAINER)
                        .withNamespace(namespace)
                        .endMetadata()
                        .build())
                .create();
        client.resource(new RoleBuilder()
                        .withNewMetadata()
                        .withName(TRAINER)
                        .withNamespace(namespace)
                        .endMetadata()
                        .addNewRule()
                        .withApiGroups("vlfinetune.io")
                        .withResources("vlfinetuneprogresses")
                        .withVerbs("patch")
                        .endRule()
                        .build())
                .create();
        client.resource(new RoleBindingBuilder()
                        .withNewMetadata()
                        .withName(TRAINER)
                        .withNamespace(namespace)
                        .endMetadata()
                        .withNewRoleRef("rbac.authorization.k8s.io", "Role", TRAINER)
                        .addNewSubject("", "ServiceAccount", TRAINER, namespace)
                        .build())
                .create();
    }
}
