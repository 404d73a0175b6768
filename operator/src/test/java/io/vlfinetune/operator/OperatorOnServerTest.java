package io.vlfinetune.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.cluster.MemoryApiServer;
import io.vlfinetune.operator.cluster.ScriptedNode;
import io.vlfinetune.operator.conditions.Conditions;
import io.vlfinetune.operator.health.Health;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The whole operator against an API server in memory; a scripted node plays kubelet, Job controller and trainer. */
class OperatorOnServerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration QUIET = Duration.ofMillis(700);
    private static final OperatorConfiguration CONFIGURATION = new OperatorConfiguration(
            Set.of("team"),
            URI.create("http://127.0.0.1:1"),
            "local",
            false,
            Duration.ofMillis(200),
            null,
            Duration.ofMillis(100));

    private final MemoryApiServer server = new MemoryApiServer();
    private final KubernetesClient user = server.client("user");
    private final KubernetesClient operatorClient = server.client("operator");
    private final ScriptedNode node = new ScriptedNode(server.client("node"));
    private VLFineTuneOperator operator = start();

    private VLFineTuneOperator start() {
        return VLFineTuneOperator.start(operatorClient, CONFIGURATION, Clock.systemUTC(), (uid, attempt) -> 0);
    }

    @Test
    void givenAnyNumberOfObjectsThenTheyAreListedInPages() {
        assertThat(server.reads("operator"))
                .filteredOn(read -> read.startsWith("GET /apis/") || read.startsWith("GET /api/v1/"))
                .filteredOn(read -> !read.contains("watch=true"))
                .filteredOn(read -> !read.contains("kueue"))
                .as("runs, Jobs, pods, progress objects")
                .hasSize(4)
                .allMatch(read -> read.contains("limit=500"));
    }

    @Test
    void givenALostApiServerThenTheCachesAreBehindButNotGivenUp() {
        server.close();

        await().atMost(PATIENCE).until(() -> !operator.health().behind().isEmpty());
        assertThat(operator.health().stopped()).isEmpty();
    }

    @AfterEach
    void stop() {
        operator.close();
        operatorClient.close();
        user.close();
        server.close();
    }

    @Test
    void givenARunThenItIsCreatedFollowedAndCompletedWithFewWrites() throws Exception {
        apply(Samples.spec("pvc://models/base", null, 3));
        Pod pod = node.start("digits-1");
        node.report("digits-1", Samples.report(1, 1, TrainerState.Training, 10));
        awaitPhase(Phase.Running);
        node.report("digits-1", Samples.report(1, 2, TrainerState.Training, 50, 100L, null));
        await().atMost(PATIENCE)
                .until(() -> status().progress() != null && status().progress().percent() == 50);
        node.exit(pod, 0, json(Samples.success(1)), "CompletionsReached");
        awaitPhase(Phase.Succeeded);
        awaitEvents("Started", "Succeeded");
        assertThat(operator.health()).isEqualTo(new Health.Started(List.of(), List.of()));

        VLFineTuneStatus status = status();
        assertThat(status.proof().holds()).isTrue();
        assertThat(status.progress().percent()).isEqualTo(100);
        assertThat(status.metrics()).hasSize(2);
        assertThat(status.conditions())
                .extracting(Condition::type)
                .doesNotHaveDuplicates()
                .as("all but what Kueue would say")
                .hasSize(ConditionType.values().length - 1);
        int copiedProgress = 2;
        assertThat(server.writes("operator"))
                .as("progress object, Job, two status writes beside the copies, two events")
                .hasSizeLessThanOrEqualTo(6 + copiedProgress)
                .filteredOn(write -> write.startsWith("POST"))
                .hasSize(4);
    }

    @Test
    void givenAPermanentFailureThenTheRunFailsWithItsReason() throws Exception {
        apply(Samples.spec("pvc://models/base", null, 3));
        Pod pod = node.start("digits-1");
        node.exit(
                pod,
                11,
                json(Samples.failure(1, Reason.DataInvalid, "train.jsonl line 3: no image")),
                "PodFailurePolicy");
        awaitPhase(Phase.Failed);
        awaitEvents("DataInvalid");

        assertThat(status().failure().message()).isEqualTo("train.jsonl line 3: no image");
        assertThat(status().failure().exitCode()).isEqualTo(11);
        assertThat(condition(ConditionType.Stalled).reason()).isEqualTo("DataInvalid");
        assertThat(user.batch().v1().jobs().list().getItems()).hasSize(1);
    }

    @Test
    void givenAFailureThenTheNextAttemptResumesFromTheCheckpointAndSucceeds() throws Exception {
        apply(Samples.spec());
        Pod first = node.start("digits-1");
        node.report("digits-1", Samples.report(1, 1, TrainerState.Training, 20, 40L, null));
        awaitPhase(Phase.Running);
        node.exit(first, 70, json(Samples.failure(1, Reason.TrainerError, "boom")), "BackoffLimitExceeded");

        Pod second = node.start("digits-2");
        node.report("digits-2", Samples.report(2, 1, TrainerState.Training, 25, 40L, null));
        await().atMost(PATIENCE).until(() -> status().phase() == Phase.Running && status().attempt() == 2);
        assertThat(status().failure().message()).isEqualTo("boom");
        node.exit(second, 0, json(Samples.success(2)), "CompletionsReached");
        awaitPhase(Phase.Succeeded);

        assertThat(status().failure()).isNull();
        assertThat(status().attempts())
                .extracting(AttemptStatus::number, AttemptStatus::reason, AttemptStatus::resumedFromStep)
                .containsExactly(tuple(1, "TrainerError", null), tuple(2, "Succeeded", 40L));
        assertThat(user.persistentVolumeClaims().withName("digits-scratch").get())
                .isNotNull();
        awaitEvents("Started", "Restarting", "Started", "Succeeded");
    }

    @Test
    void givenADeletedRunThenItGoesAtOnceAndANewOneOfItsNameWaitsForItsTrainer() {
        apply(Samples.spec("pvc://models/base", null, 3));
        Pod pod = node.start("digits-1");
        node.report("digits-1", Samples.report(1, 1, TrainerState.Training, 20));
        awaitPhase(Phase.Running);

        int writes = server.writes("operator").size();

        user.resources(VLFineTune.class).withName("digits").delete();
        assertThat(run()).as("no finalizer holds it").isNull();
        await().pollDelay(QUIET)
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(server.writes("operator")).hasSize(writes));

        apply(Samples.spec("pvc://models/base", null, 3));
        awaitReadyReason("PodsRunning");
        node.remove(pod);
        awaitReadyReason("NameInUse");
        assertThat(condition(ConditionType.Ready).message()).startsWith("Job digits-1, VLFineTuneProgress digits-1 of");
        // What a garbage collector does.
        user.batch().v1().jobs().withName("digits-1").delete();
        user.resources(VLFineTuneProgress.class).withName("digits-1").delete();
        awaitPhase(Phase.Starting);
    }

    @Test
    void givenAnOperatorThatRestartsThenUnchangedRunsCostNoWrite() throws Exception {
        apply(Samples.spec("pvc://models/base", null, 3));
        Pod pod = node.start("digits-1");
        node.report("digits-1", Samples.report(1, 1, TrainerState.Training, 20, 40L, null));
        awaitPhase(Phase.Running);
        awaitEvents("Started");
        restartSilently();

        node.exit(pod, 0, json(Samples.success(1)), "CompletionsReached");
        awaitPhase(Phase.Succeeded);
        awaitEvents("Started", "Succeeded");
        restartSilently();
    }

    @Test
    void givenAFileSourceThenTheRunStallsAndRecoversWhenTheSpecIsFixed() {
        apply(Samples.spec("file:///models/base", null, 3));
        await().atMost(PATIENCE).until(() -> Conditions.isTrue(status().conditions(), ConditionType.Stalled));
        assertThat(condition(ConditionType.Stalled).message()).startsWith("spec.model.source: file://");

        user.resources(VLFineTune.class).withName("digits").edit(run -> {
            run.setSpec(Samples.spec());
            return run;
        });
        awaitPhase(Phase.Starting);
        assertThat(condition(ConditionType.Stalled).status()).isEqualTo("False");
        assertThat(status().observedGeneration()).isEqualTo(2);
    }

    @Test
    void givenAForeignObjectOfTheChildsNameThenTheRunSaysSoAndLeavesItAlone() {
        VLFineTuneProgress foreign = new VLFineTuneProgress();
        foreign.setMetadata(new ObjectMetaBuilder()
                .withName("digits-1")
                .withNamespace("team")
                .build());
        user.resource(foreign).create();
        apply(Samples.spec("pvc://models/base", null, 3));

        await().atMost(PATIENCE)
                .until(() -> Conditions.find(status().conditions(), ConditionType.Ready)
                        .map(Condition::message)
                        .orElse("")
                        .contains("digits-1 exists and does not belong to this run"));
        assertThat(user.batch().v1().jobs().list().getItems()).isEmpty();

        user.resource(foreign).delete();
        awaitPhase(Phase.Starting);
    }

    private void restartSilently() {
        operator.close();
        int writes = server.writes("operator").size();
        operator = start();
        await().pollDelay(QUIET).atMost(PATIENCE).until(() -> true);
        assertThat(server.writes("operator")).hasSize(writes);
    }

    private void apply(VLFineTuneSpec spec) {
        VLFineTune run = new VLFineTune();
        run.setMetadata(
                new ObjectMetaBuilder().withName("digits").withNamespace("team").build());
        run.setSpec(spec);
        user.resource(run).create();
    }

    private VLFineTune run() {
        return user.resources(VLFineTune.class).withName("digits").get();
    }

    private VLFineTuneStatus status() {
        VLFineTune run = run();
        return run.getStatus() == null ? VLFineTuneStatus.EMPTY : run.getStatus();
    }

    private Condition condition(ConditionType type) {
        return Conditions.find(status().conditions(), type).orElseThrow();
    }

    /** A run that nobody has looked at yet has no conditions. */
    private void awaitReadyReason(String reason) {
        await().atMost(PATIENCE)
                .until(
                        () -> Conditions.find(status().conditions(), ConditionType.Ready)
                                .map(Condition::reason)
                                .orElse(""),
                        reason::equals);
    }

    private void awaitPhase(Phase phase) {
        await().atMost(PATIENCE).until(() -> status().phase(), phase::equals);
    }

    private void awaitEvents(String... reasons) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(user.v1().events().list().getItems())
                        .extracting(Event::getReason)
                        .containsExactlyInAnyOrder(reasons));
    }

    private static String json(LastWord word) throws JsonProcessingException {
        return Json.strict().writeValueAsString(word);
    }
}
