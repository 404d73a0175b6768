package io.vlfinetune.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.FieldValidateable;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.e2e.chart.Chart;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What Helm would send, tried on a real API server that enforces the restricted Pod Security Standard. Applied, not created: other tests
 * of this server have installed the operator's role.
 */
@ExtendWith(RealServer.class)
class ChartOnServerTest {
    private static final List<String> NAMESPACES = List.of(Chart.NAMESPACE, "team-a", "team-b");

    private KubernetesClient client;

    @BeforeEach
    void begin(RealApiServer server) {
        client = server.client();
        NAMESPACES.forEach(name -> client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                        .endMetadata()
                        .build())
                .serverSideApply());
    }

    static List<Map<String, String>> values() {
        return List.of(
                Map.of(),
                Map.of("namespaces[0]", "team-a", "namespaces[1]", "team-b"),
                Map.of("replicas", "2", "metrics.dashboard.enabled", "true"),
                Map.of("leaderElection.enabled", "false"),
                Map.of("namespaces[0]", "team-a", "trainer.progressPolicy", "create"),
                Map.of(
                        "namespaces[0]", "team-a",
                        "trainer.serviceAccount.name", "trainer",
                        "trainer.serviceAccount.create", "true",
                        "registry", "registry.example.com/team",
                        "imagePullSecrets[0].name", "pull",
                        "tolerations[0].operator", "Exists",
                        "nodeSelector.disk", "ssd",
                        "podAnnotations.a", "b"));
    }

    @ParameterizedTest
    @MethodSource("values")
    void givenUsualValuesThenTheServerTakesEveryObject(Map<String, String> values) {
        for (HasMetadata object : Chart.render(values)) {
            assertThatCode(() -> client.resource(object)
                            .dryRun(true)
                            .fieldValidation(FieldValidateable.Validation.STRICT)
                            .forceConflicts()
                            .serverSideApply())
                    .as("%s %s", object.getKind(), object.getMetadata().getName())
                    .doesNotThrowAnyException();
        }
    }

    @ParameterizedTest
    @MethodSource("values")
    void givenUsualValuesThenTheRestrictedPodSecurityStandardTakesThePod(Map<String, String> values) {
        PodTemplateSpec template = Chart.render(values).stream()
                .filter(Deployment.class::isInstance)
                .map(object -> ((Deployment) object).getSpec().getTemplate())
                .findFirst()
                .orElseThrow();
        Pod pod = new PodBuilder()
                .withMetadata(template.getMetadata())
                .editMetadata()
                .withName("operator")
                .withNamespace(Chart.NAMESPACE)
                .endMetadata()
                .withSpec(template.getSpec())
                .build();

        assertThatCode(() -> client.resource(pod).dryRun(true).create()).doesNotThrowAnyException();

        pod.getSpec().getContainers().getFirst().getSecurityContext().setAllowPrivilegeEscalation(true);
        assertThatThrownBy(() -> client.resource(pod).dryRun(true).create()).hasMessageContaining("restricted");
    }

    @Test
    void theServerTakesTheCrdsAsAnUpgradeWouldApplyThem() throws IOException {
        for (HasMetadata crd : Chart.crds()) {
            HasMetadata applied = client.resource(crd)
                    .dryRun(true)
                    .fieldValidation(FieldValidateable.Validation.STRICT)
                    .forceConflicts()
                    .serverSideApply();
            assertThat(applied.getMetadata().getName())
                    .isEqualTo(crd.getMetadata().getName());
        }
    }
}
