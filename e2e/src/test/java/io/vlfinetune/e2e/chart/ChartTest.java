package io.vlfinetune.e2e.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.marcnuri.helm.LintResult;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.access.ProgressPolicy;
import io.vlfinetune.operator.access.TrainerAccess;
import io.vlfinetune.operator.health.HealthAddress;
import io.vlfinetune.operator.leadership.LeaderElection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChartTest {
    private static final Path REPOSITORY = Path.of("..");

    @TempDir
    private Path copy;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "namespaces: [team-a, team-b]",
                "replicas: 3\nleaderElection: {leaseDuration: PT30S}",
                "leaderElection: {enabled: false}",
                "metrics: {prometheusOperator: {enabled: true, labels: {release: prometheus}}, dashboard: {enabled: true}}",
                "namespaces: [team-a]\ntrainer: {progressPolicy: create}",
                "trainer: {serviceAccount: {name: ''}, progressPolicy: installed}",
                "namespaces: [team-a]\ntrainer: {serviceAccount: {name: trainer, create: true}}",
                "serviceAccount: {create: false, name: mine}\nrbac: {create: false}",
                """
                registry: registry.example.com:5000/team
                image: {digest: 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}
                imagePullSecrets: [{name: pull}]
                tolerations: [{operator: Exists}]
                affinity: {nodeAffinity: {}}
                nodeSelector: {disk: ssd}
                podAnnotations: {a: b}
                podLabels: {team: vision}
                priorityClassName: high
                """
            })
    void givenAnyUsualValuesThenHelmFindsNothingToWarnOf(String values) throws IOException {
        LintResult result = Chart.lint(copy, values);

        assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse();
    }

    @Test
    void givenADefaultThatTheSchemaDoesNotKnowThenLintSaysSo() throws IOException {
        assertThat(Chart.lint(copy, "replica: 2").isFailed()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "replicas, 0, replicas",
        "leaderElection.leaseDuration, soon, leaseDuration",
        "metrics.prometheusOperator.interval, often, interval",
        "image.tagg, x, tagg",
        "trainer.serviceAccount.nam, x, nam",
        "namespaces[0], Not_A_Name, namespaces",
        "healthPort, 80, healthPort",
        "restartBackoff, soon, restartBackoff",
        "logLevel, LOUD, logLevel",
        "trainer.progressPolicy, perhaps, progressPolicy"
    })
    void givenAValueThatIsUnknownOrImpossibleThenItIsNamed(String key, String value, String named) {
        assertThatThrownBy(() -> Chart.render(Map.of(key, value)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(named);
    }

    @Test
    void givenATrainerAccountThatCannotBeMadeThenTheMessageSaysWhatToDo() {
        assertThatThrownBy(() -> Chart.render(
                        Map.of("trainer.serviceAccount.create", "true", "trainer.serviceAccount.name", "trainer")))
                .hasMessageContaining("trainer.serviceAccount.create needs namespaces");
        assertThatThrownBy(() -> Chart.render(Map.of(
                        "trainer.serviceAccount.create",
                        "true",
                        "trainer.serviceAccount.name",
                        "",
                        "namespaces[0]",
                        "a")))
                .hasMessageContaining("give the account a name");
        assertThatThrownBy(() -> Chart.render(Map.of("serviceAccount.create", "false")))
                .hasMessageContaining("serviceAccount.name is empty");
    }

    @Test
    void givenTheDefaultsThenTheOperatorReadsAllNamespacesAndTheImageOfThisVersion() throws IOException {
        OperatorConfiguration configuration = OperatorConfiguration.fromEnvironment(environment(Map.of()));

        assertThat(configuration.namespaces()).isEmpty();
        assertThat(configuration.trainerServiceAccount()).isEqualTo(TrainerAccess.NAME);
        assertThat(ProgressPolicy.vouchedFor(environment(Map.of()))).isFalse();
        assertThat(configuration.trainerImage()).isEqualTo("vlfinetune/trainer:" + projectVersion());
        assertThat(container(Map.of()).getImage()).isEqualTo("vlfinetune/operator:" + projectVersion());
    }

    @Test
    void givenValuesThenTheOperatorReadsThem() {
        Map<String, String> environment = environment(Map.of(
                "registry", "registry.example.com/team",
                "trainer.image.tag", "v7",
                "namespaces[0]", "team-a",
                "namespaces[1]", "team-b",
                "trainer.serviceAccount.name", "trainer",
                "trainer.progressPolicy", "installed",
                "restartBackoff", "PT1M",
                "healthPort", "9000"));
        OperatorConfiguration configuration = OperatorConfiguration.fromEnvironment(environment);

        assertThat(configuration.namespaces()).isEqualTo(Set.of("team-a", "team-b"));
        assertThat(configuration.trainerServiceAccount()).isEqualTo("trainer");
        assertThat(ProgressPolicy.vouchedFor(environment)).isTrue();
        assertThat(configuration.trainerImage()).isEqualTo("registry.example.com/team/vlfinetune/trainer:v7");
        assertThat(configuration.restartBackoff()).hasMinutes(1);
        assertThat(HealthAddress.fromEnvironment(environment)).isEqualTo(new InetSocketAddress("0.0.0.0", 9000));
    }

    @Test
    void givenADigestThenItWinsOverTheTag() {
        String digest = "sha256:" + "0123456789abcdef".repeat(4);

        assertThat(container(Map.of("image.tag", "v7", "image.digest", digest)).getImage())
                .isEqualTo("vlfinetune/operator@" + digest);
    }

    @Test
    void thePodFitsTheRestrictedPodSecurityStandard() {
        PodSpec pod = deployment(Map.of()).getSpec().getTemplate().getSpec();
        Container container = container(Map.of());

        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(pod.getSecurityContext().getRunAsUser()).isEqualTo(65532);
        assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
        assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
        assertThat(container.getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
        assertThat(pod.getVolumes())
                .allSatisfy(volume -> assertThat(volume.getEmptyDir()).isNotNull());
        assertThat(container.getLivenessProbe().getHttpGet().getPath()).isEqualTo("/healthz");
        assertThat(container.getReadinessProbe().getHttpGet().getPath()).isEqualTo("/readyz");
    }

    @Test
    void neverDoTwoOperatorsLookAfterOneRun() {
        Map<String, String> without = Map.of("leaderElection.enabled", "false");
        assertThat(deployment(without).getSpec().getReplicas()).isEqualTo(1);
        assertThat(deployment(without).getSpec().getStrategy().getType()).isEqualTo("Recreate");
        assertThat(LeaderElection.fromEnvironment(environment(without))).isEmpty();
        assertThatThrownBy(() -> Chart.render(Map.of("leaderElection.enabled", "false", "replicas", "2")))
                .hasMessageContaining("two operators must not look after one run");
    }

    @Test
    void givenReplicasThenTheyElectALeaderAndOneOfThemIsAlwaysThere() {
        Map<String, String> values = Map.of("replicas", "2", "leaderElection.leaseDuration", "PT30S");
        Deployment deployment = deployment(values);

        assertThat(deployment.getSpec().getReplicas()).isEqualTo(2);
        assertThat(deployment.getSpec().getStrategy().getType()).isEqualTo("RollingUpdate");
        assertThat(deployment.getSpec().getTemplate().getSpec().getTopologySpreadConstraints())
                .hasSize(1);
        LeaderElection election =
                LeaderElection.fromEnvironment(environment(values)).orElseThrow();
        assertThat(election.duration()).hasSeconds(30);
        assertThat(election.lease()).isEqualTo(deployment.getMetadata().getName());
        assertThat(election.identity()).isEqualTo("metadata.name");
        assertThat(election.namespace()).isEqualTo("metadata.namespace");
        assertThat(budgets(values)).singleElement().satisfies(budget -> {
            assertThat(budget.getSpec().getMinAvailable().getIntVal()).isEqualTo(1);
            assertThat(budget.getSpec().getSelector())
                    .isEqualTo(deployment.getSpec().getSelector());
        });
        assertThat(budgets(Map.of())).isEmpty();
    }

    private static List<PodDisruptionBudget> budgets(Map<String, String> values) {
        return Chart.render(values).stream()
                .filter(PodDisruptionBudget.class::isInstance)
                .map(PodDisruptionBudget.class::cast)
                .toList();
    }

    @Test
    void theChartBringsTheGeneratedCrds() throws IOException {
        Set<String> names = fileNames(REPOSITORY.resolve("crds"));

        assertThat(fileNames(Chart.folder().resolve("crds"))).isEqualTo(names).hasSize(2);
        for (String name : names) {
            assertThat(Chart.folder().resolve("crds").resolve(name))
                    .as("stale: run ./mvnw -pl crds test -Dcrds.update=true")
                    .hasSameTextualContentAs(REPOSITORY.resolve("crds").resolve(name));
        }
        assertThat(Chart.crds()).extracting(HasMetadata::getKind).containsOnly("CustomResourceDefinition");
    }

    @Test
    void theChartHasTheVersionOfTheProject() throws IOException {
        assertThat(Files.readString(Chart.folder().resolve("Chart.yaml")))
                .contains("\nversion: " + projectVersion() + "\n")
                .contains("\nappVersion: " + projectVersion() + "\n");
    }

    private static Set<String> fileNames(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".yaml"))
                    .collect(Collectors.toSet());
        }
    }

    private static String projectVersion() throws IOException {
        String pom = Files.readString(REPOSITORY.resolve("pom.xml"));
        int start = pom.indexOf("<version>") + "<version>".length();
        return pom.substring(start, pom.indexOf("</version>", start));
    }

    private static Map<String, String> environment(Map<String, String> values) {
        return container(values).getEnv().stream().collect(Collectors.toMap(EnvVar::getName, ChartTest::value));
    }

    /** What is taken from the pod stands for itself. */
    private static String value(EnvVar variable) {
        return variable.getValueFrom() == null
                ? variable.getValue()
                : variable.getValueFrom().getFieldRef().getFieldPath();
    }

    private static Container container(Map<String, String> values) {
        List<Container> containers =
                deployment(values).getSpec().getTemplate().getSpec().getContainers();
        assertThat(containers).hasSize(1);
        return containers.getFirst();
    }

    private static Deployment deployment(Map<String, String> values) {
        return Chart.render(values).stream()
                .filter(Deployment.class::isInstance)
                .map(Deployment.class::cast)
                .findFirst()
                .orElseThrow();
    }
}
