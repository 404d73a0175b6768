package io.vlfinetune.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.cli.embedded.ApiServer;
import io.vlfinetune.operator.conditions.Conditions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Runs in queues of the real Kueue, on a real API server with the real Job controller. */
@ExtendWith(ControlledServer.Resolver.class)
class KueueTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private final ControlledServer controlled;
    private final KubernetesClient user;
    private Cluster cluster;
    private @Nullable Kueue kueue;

    KueueTest(ControlledServer controlled) {
        this.controlled = controlled;
        this.user = controlled.server().client();
    }

    @BeforeEach
    void begin() throws Exception {
        // Built before any run is watched; on a new machine that takes minutes.
        TestPrograms.kueue();
        cluster = Cluster.controlled(controlled, folder);
    }

    @AfterEach
    void clean() throws Exception {
        try {
            user.resources(VLFineTune.class).delete();
            await().atMost(PATIENCE)
                    .until(() -> user.resources(Job.class).list().getItems().isEmpty()
                            && user.resources(VLFineTune.class)
                                    .list()
                                    .getItems()
                                    .isEmpty());
        } finally {
            cluster.close();
            if (kueue != null) {
                kueue.close();
            }
        }
    }

    @Test
    void aDayWithKueue() throws Exception {
        withoutKueueARunWithAQueueSimplyRuns();

        kueue = Kueue.install(controlled);
        onceKueueIsInstalledItsWordsAreMirrored();
        twoRunsWithQuotaForOneRunOneAfterTheOther();
        aQueueThatIsDrainedTakesTheRunBackAndNoAttemptIsCounted();
        aRunOfHigherPriorityTakesTheQuotaOfAnother();
        aQueueThatDoesNotExistIsSaid();

        kueue.close();
        kueue = null;
        onceKueueIsRemovedRunsGoOn();
    }

    private void withoutKueueARunWithAQueueSimplyRuns() {
        create("early", "once-sleep", "team");
        awaitPhase("early", Phase.Running);

        assertThat(quota("early")).isNull();
        assertThat(job("early-1").getMetadata().getLabels()).containsEntry("kueue.x-k8s.io/queue-name", "team");
    }

    /** Kueue suspends what runs without its leave. */
    private void onceKueueIsInstalledItsWordsAreMirrored() {
        awaitQueued("early", "Inadmissible");
        assertThat(quota("early").message()).contains("LocalQueue team doesn't exist");
        assertThat(job("early-1").getSpec().getSuspend()).isTrue();

        kueue.queue("team");
        awaitPhase("early", Phase.Succeeded);
        assertThat(status("early").attempt()).isEqualTo(1);
    }

    private void twoRunsWithQuotaForOneRunOneAfterTheOther() {
        create("first", "sleep", "team");
        awaitPhase("first", Phase.Running);
        assertThat(quota("first").status()).isEqualTo("True");
        assertThat(quota("first").reason()).isEqualTo("QuotaReserved");
        create("second", "fine", "team");
        awaitQueued("second", "Pending");
        assertThat(quota("second").message()).contains("insufficient unused quota for cpu");
        assertThat(message("second"))
                .startsWith("attempt 1 waits in queue team: ")
                .contains("insufficient unused quota for cpu");

        delete("first");

        awaitPhase("second", Phase.Succeeded);
        assertThat(status("second").attempt()).isEqualTo(1);
        assertThat(quota("second")).isNull();
    }

    private void aQueueThatIsDrainedTakesTheRunBackAndNoAttemptIsCounted() {
        create("drained", "once-sleep", "team");
        awaitPhase("drained", Phase.Running);

        kueue.stopPolicy("team", "HoldAndDrain");
        awaitQueued("drained", "Inadmissible");
        assertThat(quota("drained").message()).contains("ClusterQueue team is inactive");
        assertThat(job("drained-1").getSpec().getSuspend()).isTrue();

        kueue.stopPolicy("team", "None");
        awaitPhase("drained", Phase.Succeeded);
        assertThat(status("drained").attempt()).isEqualTo(1);
        assertThat(status("drained").attempts()).hasSize(1);
        assertThat(status("drained").preemptions()).isEqualTo(1);
        assertThat(status("drained").failure()).isNull();
    }

    private void aRunOfHigherPriorityTakesTheQuotaOfAnother() {
        user.resource(kueue.object("WorkloadPriorityClass", "urgent", "value: 1000"))
                .create();
        create("patient", "once-sleep", "team");
        awaitPhase("patient", Phase.Running);

        VLFineTune urgent = Cluster.run(ApiServer.NAMESPACE, "urgent", "once-sleep");
        urgent.getMetadata()
                .setLabels(Map.of("kueue.x-k8s.io/queue-name", "team", "kueue.x-k8s.io/priority-class", "urgent"));
        user.resource(urgent).create();

        awaitQueued("patient", "Pending");
        assertThat(message("patient")).contains("waits in queue team");
        awaitPhase("urgent", Phase.Running);
        delete("urgent");
        awaitPhase("patient", Phase.Succeeded);
        assertThat(status("patient").attempt()).isEqualTo(1);
    }

    private void aQueueThatDoesNotExistIsSaid() {
        create("lost", "fine", "nowhere");
        awaitQueued("lost", "Inadmissible");

        assertThat(message("lost")).isEqualTo("attempt 1 waits in queue nowhere: LocalQueue nowhere doesn't exist");
        // Kueue would make its Workload again, and none may be left when Kueue goes.
        delete("lost");
    }

    private void onceKueueIsRemovedRunsGoOn() {
        create("late", "fine", "team");
        awaitPhase("late", Phase.Succeeded);

        assertThat(quota("late")).isNull();
    }

    private void create(String name, String wish, String queue) {
        VLFineTune run = Cluster.run(ApiServer.NAMESPACE, name, wish);
        run.getMetadata().setLabels(Map.of("kueue.x-k8s.io/queue-name", queue));
        user.resource(run).create();
    }

    private void delete(String name) {
        user.resources(VLFineTune.class).withName(name).delete();
        await("deletion of " + name)
                .atMost(PATIENCE)
                .until(() -> Objects.isNull(
                                user.resources(VLFineTune.class).withName(name).get())
                        && Objects.isNull(job(name + "-1")));
    }

    private VLFineTuneStatus status(String name) {
        VLFineTune run = user.resources(VLFineTune.class).withName(name).get();
        return Objects.requireNonNullElse(run.getStatus(), VLFineTuneStatus.EMPTY);
    }

    private Job job(String name) {
        return user.resources(Job.class).withName(name).get();
    }

    private @Nullable Condition quota(String name) {
        return Conditions.find(status(name).conditions(), ConditionType.QuotaReserved)
                .orElse(null);
    }

    private String message(String name) {
        return Conditions.find(status(name).conditions(), ConditionType.Running)
                .orElseThrow()
                .message();
    }

    private void awaitPhase(String name, Phase phase) {
        await("phase of " + name).atMost(PATIENCE).until(() -> status(name).phase(), phase::equals);
    }

    private void awaitQueued(String name, String reason) {
        await("reason of " + name)
                .atMost(PATIENCE)
                .until(
                        () -> Optional.ofNullable(quota(name))
                                .filter(quota -> "False".equals(quota.status()))
                                .map(Condition::reason)
                                .orElse(""),
                        reason::equals);
        awaitPhase(name, Phase.Queued);
    }
}
