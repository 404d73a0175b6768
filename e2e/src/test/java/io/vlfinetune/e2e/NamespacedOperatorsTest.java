package io.vlfinetune.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.cli.embedded.LocalNode;
import io.vlfinetune.cli.embedded.OwnerCleanup;
import io.vlfinetune.cli.embedded.Standing;
import io.vlfinetune.cli.embedded.WorkFolder;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import io.vlfinetune.e2e.chart.Chart;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.VLFineTuneOperator;
import io.vlfinetune.operator.health.Health;
import io.vlfinetune.operator.leadership.LeaderElection;
import io.vlfinetune.operator.leadership.Leadership;
import io.vlfinetune.operator.metrics.OperatorMetrics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Operators that look after two namespaces, under the Roles that the chart makes there and in their own namespace. They
 * have no right to anything of the cluster.
 */
@ExtendWith(RealServer.class)
class NamespacedOperatorsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration LEASE_DURATION = PATIENCE.multipliedBy(3);
    private static final String LEASE = "two-operators";

    @TempDir
    private Path folder;

    private RealApiServer server;
    private KubernetesClient user;
    private InstalledChart chart;
    private WorkFolder work;
    private OwnerCleanup cleanup;
    private LocalNode node;
    private final List<Instance> instances = new ArrayList<>();

    /** One operator with a login, metrics and writes of its own. */
    private final class Instance implements AutoCloseable {
        private final Writes writes = new Writes();
        private final List<String> lost = new CopyOnWriteArrayList<>();
        private final OperatorMetrics metrics = new OperatorMetrics();
        private final KubernetesClient client;
        private final VLFineTuneOperator operator;
        private boolean closed;

        Instance(Optional<String> identity) {
            client = writes.client(new Rights(server).withToken(chart.token()));
            Optional<Leadership> leadership = identity.map(name -> new Leadership(
                    new LeaderElection(
                            Chart.NAMESPACE,
                            LEASE,
                            name,
                            LEASE_DURATION,
                            Duration.ofSeconds(10),
                            Duration.ofMillis(300)),
                    lost::add));
            operator = VLFineTuneOperator.start(client, configuration(), metrics, leadership);
            instances.add(this);
        }

        Health.Role role() {
            return operator.health().role();
        }

        /** Writes that are about runs: neither renewals nor the question which rights there are. */
        List<String> work() {
            return writes.requests().stream()
                    .filter(request -> !request.contains("/leases") && !request.contains("selfsubject"))
                    .toList();
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                operator.close();
                client.close();
                metrics.close();
            }
        }
    }

    @BeforeEach
    void begin(RealApiServer shared) throws Exception {
        server = shared;
        user = server.client();
        chart = new InstalledChart(server).install();
        work = WorkFolder.open(folder);
        cleanup = new OwnerCleanup(user);
        node = LocalNode.start(user, Standing.parts(work, new ArrayList<>()));
    }

    @AfterEach
    void clean() throws Exception {
        try {
            for (String namespace : List.of(InstalledChart.TEAM_A, InstalledChart.TEAM_B, InstalledChart.ELSEWHERE)) {
                user.resources(VLFineTune.class).inNamespace(namespace).delete();
            }
            await().atMost(PATIENCE)
                    .until(() -> user.resources(VLFineTune.class)
                            .inAnyNamespace()
                            .list()
                            .getItems()
                            .isEmpty());
        } finally {
            instances.forEach(Instance::close);
            user.leases().inNamespace(Chart.NAMESPACE).withName(LEASE).delete();
            node.close();
            cleanup.close();
            work.close();
        }
    }

    private OperatorConfiguration configuration() {
        return new OperatorConfiguration(
                Set.of(InstalledChart.TEAM_A, InstalledChart.TEAM_B),
                server.url(),
                "trainer:local",
                true,
                Duration.ofMillis(500),
                server.trainerServiceAccount(),
                Duration.ofMillis(100));
    }

    @Test
    void givenRolesInTwoNamespacesThenRunsInBothAreLookedAfterAndThoseElsewhereAreNot() {
        Instance operator = new Instance(Optional.empty());

        create(InstalledChart.ELSEWHERE, "elsewhere", "fine");
        create(InstalledChart.TEAM_A, "first", "fine");
        create(InstalledChart.TEAM_B, "second", "fine");

        awaitPhase(InstalledChart.TEAM_A, "first", Phase.Succeeded);
        awaitPhase(InstalledChart.TEAM_B, "second", Phase.Succeeded);
        assertThat(run(InstalledChart.ELSEWHERE, "elsewhere").getStatus()).isNull();
        assertThat(operator.operator.health()).isEqualTo(new Health.Started(List.of(), List.of()));
        // What is counted is what the operator's own watch and writes have come to.
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(operator.metrics.scrape())
                        .contains("vlfinetune_runs{phase=\"Succeeded\"} 2.0")
                        .contains("vlfinetune_attempts_total{outcome=\"Succeeded\"} 2.0"));
    }

    @Test
    void givenTwoOperatorsWhenTheLeaderStopsThenTheOtherTakesOverAtOnceAndNothingIsDoneTwice() {
        Instance first = new Instance(Optional.of("operator-1"));
        await().atMost(PATIENCE).until(() -> first.role() instanceof Health.Leading);
        Instance second = new Instance(Optional.of("operator-2"));
        await().atMost(PATIENCE).until(second::role, new Health.StandingBy("operator-1")::equals);
        assertThat(first.metrics.scrape()).contains("vlfinetune_leader 1.0");
        assertThat(second.metrics.scrape()).contains("vlfinetune_leader 0.0");

        create(InstalledChart.TEAM_A, "long", "sleep");
        awaitPhase(InstalledChart.TEAM_A, "long", Phase.Running);
        assertThat(first.work()).isNotEmpty();
        assertThat(second.work()).as("one that stands by writes nothing").isEmpty();

        first.close();

        // Long before the Lease would have run out.
        await().atMost(PATIENCE).until(() -> second.role() instanceof Health.Leading);
        assertThat(first.lost).as("it let go on purpose").isEmpty();
        assertThat(lease().getSpec().getHolderIdentity()).isEqualTo("operator-2");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(events())
                        .extracting(Event::getMessage)
                        .contains("operator-1 became leader", "operator-2 became leader"));
        user.resources(VLFineTune.class)
                .inNamespace(InstalledChart.TEAM_A)
                .withName("long")
                .delete();
        create(InstalledChart.TEAM_B, "next", "fine");
        awaitPhase(InstalledChart.TEAM_B, "next", Phase.Succeeded);

        assertThat(second.work())
                .as("the run that was going on was taken over without a write but for its end")
                .filteredOn(request -> request.contains("/long"))
                .allMatch(request -> request.startsWith("PATCH") || request.startsWith("DELETE"));
        assertThat(second.work())
                .filteredOn(request -> request.endsWith(InstalledChart.TEAM_A + "/jobs"))
                .isEmpty();
        assertThat(user.resources(Job.class)
                        .inNamespace(InstalledChart.TEAM_B)
                        .withLabel("vlfinetune.io/run", "next")
                        .list()
                        .getItems())
                .hasSize(1);
    }

    @Test
    void givenAnotherOperatorThatTakesTheLeaseThenTheLeaderIsToldThatItIsLost() {
        Instance leader = new Instance(Optional.of("operator-1"));
        await().atMost(PATIENCE).until(() -> leader.role() instanceof Health.Leading);

        user.leases()
                .inNamespace(Chart.NAMESPACE)
                .withName(LEASE)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\": {\"holderIdentity\": \"thief\"}}");

        await().atMost(PATIENCE).until(() -> !leader.lost.isEmpty());
        assertThat(leader.lost)
                .singleElement()
                .satisfies(words ->
                        assertThat(words).startsWith("operator-1 lost the Lease vlfinetune-system/two-operators"));
        assertThat(leader.role()).isEqualTo(new Health.StandingBy("thief"));
    }

    private void create(String namespace, String name, String wish) {
        user.resource(Cluster.run(namespace, name, wish)).create();
    }

    private VLFineTune run(String namespace, String name) {
        return user.resources(VLFineTune.class)
                .inNamespace(namespace)
                .withName(name)
                .get();
    }

    private void awaitPhase(String namespace, String name, Phase phase) {
        await().atMost(PATIENCE).until(() -> {
            VLFineTune now = run(namespace, name);
            return now.getStatus() != null && now.getStatus().phase() == phase;
        });
    }

    private Lease lease() {
        return user.leases().inNamespace(Chart.NAMESPACE).withName(LEASE).get();
    }

    private List<Event> events() {
        return user.v1().events().inNamespace(Chart.NAMESPACE).list().getItems();
    }
}
