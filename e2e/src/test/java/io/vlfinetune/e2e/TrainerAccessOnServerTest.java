package io.vlfinetune.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBinding;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.e2e.chart.Chart;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.VLFineTuneOperator;
import io.vlfinetune.operator.access.ProgressPolicy;
import io.vlfinetune.operator.access.ProgressPolicy.Standing;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The operator makes what its trainers need, and looks for the policy, with the rights of its chart and no others. */
@ExtendWith(RealServer.class)
class TrainerAccessOnServerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String NAMESPACE = "access-made";
    private static final String OPERATOR = "making-operator";
    private static final OperatorConfiguration CONFIGURATION = new OperatorConfiguration(
            Set.of(NAMESPACE),
            URI.create("https://kubernetes.default.svc"),
            "trainer:1",
            false,
            Duration.ofSeconds(10),
            "vlfinetune-trainer",
            Duration.ofSeconds(15));

    private KubernetesClient admin;
    private KubernetesClient operatorClient;
    private Rights rights;
    private final Writes writes = new Writes();

    @BeforeEach
    void begin(RealApiServer server) {
        admin = server.client();
        rights = new Rights(server);
        Chart.progressPolicy().forEach(object -> admin.resource(object).serverSideApply());
        if (admin.namespaces().withName(NAMESPACE).get() == null) {
            admin.resource(new NamespaceBuilder()
                            .withNewMetadata()
                            .withName(NAMESPACE)
                            .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                            .endMetadata()
                            .build())
                    .create();
            ClusterRole role = Chart.operatorRole();
            role.getMetadata().setName(OPERATOR);
            rights.grant(OPERATOR, role);
        }
        operatorClient = writes.client(rights.login(OPERATOR));
    }

    @AfterEach
    void clean() {
        operatorClient.close();
    }

    @Test
    void givenRunsThenTheirTrainersCanReportFromRestrictedPods() {
        Grants grants = new Grants(admin);
        grants.account(NAMESPACE, "bucket-reader");
        try (VLFineTuneOperator operator = VLFineTuneOperator.start(operatorClient, CONFIGURATION)) {
            Job usual = start("usual", null);
            Job named = start("named", "bucket-reader");
            assertThat(operator.health().stopped()).isEmpty();

            assertThat(reports(usual, "vlfinetune-trainer")).isEqualTo(200);
            assertThat(reports(named, "bucket-reader")).isEqualTo(200);
            assertThat(admin.resources(RoleBinding.class)
                            .inNamespace(NAMESPACE)
                            .list()
                            .getItems())
                    .extracting(binding -> binding.getMetadata().getName())
                    .containsExactlyInAnyOrder("vlfinetune-trainer", "vlfinetune-trainer-bucket-reader");
            assertThat(writes.requests())
                    .filteredOn(request -> request.endsWith("/serviceaccounts"))
                    .hasSize(1);

            start("third", null);
            assertThat(writes.requests())
                    .filteredOn(request -> request.contains("/rolebindings"))
                    .hasSize(2);
            remove();
        }
    }

    @Test
    void thePolicyIsSeenAndItsAbsenceIsSeen() {
        assertThat(ProgressPolicy.look(operatorClient)).isEqualTo(Standing.InForce);
        assertThat(ProgressPolicy.settle(operatorClient, CONFIGURATION, false)).isEqualTo(CONFIGURATION);

        admin.resources(ValidatingAdmissionPolicyBinding.class)
                .withName(ProgressPolicy.NAME)
                .delete();
        try {
            assertThat(ProgressPolicy.look(operatorClient)).isEqualTo(Standing.Missing);
            assertThat(ProgressPolicy.settle(operatorClient, CONFIGURATION, true)
                            .trainerServiceAccount())
                    .as("what can be read counts more than anybody's word")
                    .isNull();
        } finally {
            Chart.progressPolicy().forEach(object -> admin.resource(object).serverSideApply());
        }
    }

    @Test
    void givenAPolicyThatCannotBeReadThenItTakesSomebodysWordToGiveTokens() {
        new Grants(admin).account(NAMESPACE, "blind");
        String token = new Grants(admin).token(NAMESPACE, "blind", null);
        try (KubernetesClient blind = new KubernetesClientBuilder()
                .withConfig(rights.withToken(token))
                .build()) {
            assertThat(ProgressPolicy.look(blind)).isEqualTo(Standing.Unreadable);
            assertThat(ProgressPolicy.settle(blind, CONFIGURATION, true)).isEqualTo(CONFIGURATION);
            OperatorConfiguration without = ProgressPolicy.settle(blind, CONFIGURATION, false);
            assertThat(without.trainerServiceAccount()).isNull();
            assertThat(without.progressApi()).isNull();
        }
    }

    private Job start(String name, @Nullable String account) {
        admin.resource(AttemptPods.run(NAMESPACE, name, account)).create();
        await().atMost(PATIENCE).until(() -> job(name) != null);
        return job(name);
    }

    private @Nullable Job job(String run) {
        return admin.batch()
                .v1()
                .jobs()
                .inNamespace(NAMESPACE)
                .withName(run + "-1")
                .get();
    }

    /** Makes the Job's pod, as its controller would, and reports with its token. */
    private int reports(Job job, String account) {
        PodTemplateSpec template = job.getSpec().getTemplate();
        String name = job.getMetadata().getName();
        Pod pod = admin.resource(new PodBuilder()
                        .withMetadata(template.getMetadata())
                        .editMetadata()
                        .withName(name + "-0-abcde")
                        .withNamespace(NAMESPACE)
                        .endMetadata()
                        .withSpec(template.getSpec())
                        .build())
                .create();
        assertThat(pod.getSpec().getServiceAccountName()).isEqualTo(account);
        assertThat(pod.getSpec().getAutomountServiceAccountToken()).isFalse();
        String token = new Grants(admin).podToken(pod);
        try (KubernetesClient trainer = new KubernetesClientBuilder()
                .withConfig(rights.withToken(token))
                .build()) {
            return new ProgressRequests(trainer).report(NAMESPACE, name, 1).code();
        }
    }

    /** There is no controller here that would do it. */
    private void remove() {
        admin.resources(VLFineTune.class).inNamespace(NAMESPACE).delete();
        await().atMost(PATIENCE).until(() -> {
            admin.pods().inNamespace(NAMESPACE).withGracePeriod(0).delete();
            admin.batch().v1().jobs().inNamespace(NAMESPACE).list().getItems().forEach(this::release);
            return left(VLFineTune.class) && left(Job.class);
        });
        admin.resources(VLFineTuneProgress.class).inNamespace(NAMESPACE).delete();
        admin.resources(PersistentVolumeClaim.class)
                .inNamespace(NAMESPACE)
                .list()
                .getItems()
                .forEach(this::release);
        admin.v1().events().inNamespace(NAMESPACE).delete();
    }

    private boolean left(Class<? extends HasMetadata> kind) {
        return admin.resources(kind).inNamespace(NAMESPACE).list().getItems().isEmpty();
    }

    private void release(HasMetadata object) {
        admin.resource(object).delete();
        if (admin.resource(object).get() != null) {
            admin.resource(object).patch(PatchContext.of(PatchType.JSON_MERGE), "{\"metadata\":{\"finalizers\":null}}");
        }
    }
}
