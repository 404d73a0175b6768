package io.vlfinetune.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.e2e.chart.Chart;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * On a real API server. The operator logs in as a service account with the rights of its role and no others, and
 * trainers with a token that may patch progress objects: a missing verb fails a test.
 */
@ExtendWith(RealServer.class)
class RealBehaviourTest extends BehaviourSuite {
    private static final String OPERATOR = "vlfinetune-operator";

    private static RealApiServer server;
    private static Config operatorLogin;

    @BeforeAll
    static void grant(RealApiServer shared) throws Exception {
        server = shared;
        Rights rights = new Rights(server);
        rights.grant(OPERATOR, Chart.operatorRole());
        // As in a cluster, the admission policy is in force while all of this happens.
        Chart.progressPolicy()
                .forEach(object -> server.client().resource(object).serverSideApply());
        operatorLogin = rights.login(OPERATOR);
    }

    @Override
    Cluster start(Path folder) throws Exception {
        return Cluster.bare(server, operatorLogin, folder);
    }

    @Test
    void theOperatorMayNotReadSecretsNorChangeRolesNorDeleteRuns() {
        try (KubernetesClient operator =
                new KubernetesClientBuilder().withConfig(operatorLogin).build()) {
            assertThat(may(operator, "create", "batch", "jobs")).isTrue();
            assertThat(may(operator, "get", "", "secrets")).isFalse();
            assertThat(may(operator, "patch", "rbac.authorization.k8s.io", "roles"))
                    .isFalse();
            assertThat(may(operator, "escalate", "rbac.authorization.k8s.io", "roles"))
                    .isFalse();
            assertThat(may(operator, "bind", "rbac.authorization.k8s.io", "roles"))
                    .isFalse();
            assertThat(may(operator, "patch", "", "serviceaccounts")).isFalse();
            assertThat(may(operator, "delete", "vlfinetune.io", "vlfinetunes")).isFalse();
            assertThat(may(operator, "create", "", "pods")).isFalse();
        }
    }

    @Test
    void aTrainerMayPatchProgressAndDoNothingElse() {
        try (KubernetesClient trainer = new KubernetesClientBuilder()
                .withConfig(new Rights(server).login(server.trainerServiceAccount()))
                .build()) {
            assertThat(may(trainer, "patch", "vlfinetune.io", "vlfinetuneprogresses"))
                    .isTrue();
            assertThat(may(trainer, "get", "vlfinetune.io", "vlfinetuneprogresses"))
                    .isFalse();
            assertThat(may(trainer, "patch", "vlfinetune.io", "vlfinetunes")).isFalse();
            assertThat(may(trainer, "get", "", "pods")).isFalse();
        }
    }

    private static boolean may(KubernetesClient client, String verb, String group, String resource) {
        SelfSubjectAccessReview review = new SelfSubjectAccessReviewBuilder()
                .withNewSpec()
                .withNewResourceAttributes()
                .withNamespace(RealApiServer.NAMESPACE)
                .withVerb(verb)
                .withGroup(group)
                .withResource(resource)
                .endResourceAttributes()
                .endSpec()
                .build();
        return client.resource(review).create().getStatus().getAllowed();
    }
}
