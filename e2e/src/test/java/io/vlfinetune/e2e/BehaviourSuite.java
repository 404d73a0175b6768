package io.vlfinetune.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a run does, whatever server stores it: the real operator, the real node, processes that stand in for trainers.
 * Each subclass brings a server.
 */
abstract class BehaviourSuite {
    static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration QUIET = Duration.ofSeconds(1);
    private static final List<Class<? extends HasMetadata>> KINDS = List.of(
            VLFineTune.class, VLFineTuneProgress.class, Job.class, Pod.class, PersistentVolumeClaim.class, Event.class);

    @TempDir
    Path folder;

    Cluster cluster;
    KubernetesClient user;

    /** The server with an operator and a node; the server itself may be shared. */
    abstract Cluster start(Path folder) throws Exception;

    @BeforeEach
    void begin() throws Exception {
        cluster = start(folder);
        user = cluster.server().client();
    }

    @AfterEach
    void clean() throws Exception {
        try {
            user.resources(VLFineTune.class).delete();
            await().atMost(PATIENCE)
                    .until(() -> KINDS.stream()
                            .filter(kind -> kind != Event.class)
                            .allMatch(kind ->
                                    user.resources(kind).list().getItems().isEmpty()));
            user.resources(Event.class).delete();
        } finally {
            cluster.close();
        }
    }

    @Test
    void givenARunThenItIsCreatedFollowedAndCompleted() {
        cluster.create("digits", "fine");
        awaitPhase("digits", Phase.Succeeded);

        VLFineTuneStatus status = status("digits");
        assertThat(status.attempt()).isEqualTo(1);
        assertThat(status.progress().percent()).isEqualTo(100);
        assertThat(status.proof().holds()).isTrue();
        assertThat(status.metrics()).hasSize(2);
        assertThat(status.observedGeneration()).isEqualTo(1);
        Job job = job("digits-1");
        assertThat(conditions(job)).containsExactly("SuccessCriteriaMet", "Complete");
        assertThat(job.getStatus().getStartTime()).isNotNull();
        assertThat(job.getStatus().getCompletionTime()).isNotNull();
        assertThat(job.getStatus().getCompletedIndexes()).isEqualTo("0");
        assertThat(pods("digits")).singleElement().satisfies(pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded");
            assertThat(pod.getMetadata().getName()).matches("digits-1-0-[a-z0-9]{5}");
        });
        assertThat(progress("digits-1").getReport().sequence()).isEqualTo(1);
        awaitEnds("Succeeded");
    }

    @Test
    void givenAPermanentFailureThenTheRunFailsWithItsReasonAndIsNotTriedAgain() {
        cluster.create("digits", "exit-11");
        awaitPhase("digits", Phase.Failed);

        VLFineTuneStatus status = status("digits");
        assertThat(status.failure().reason()).isEqualTo("DataInvalid");
        assertThat(status.failure().exitCode()).isEqualTo(11);
        assertThat(status.failure().message()).isEqualTo("the stand-in was asked to fail with 11");
        Job job = job("digits-1");
        assertThat(conditions(job)).containsExactly("FailureTarget", "Failed");
        assertThat(job.getStatus().getConditions().getLast().getReason()).isEqualTo("PodFailurePolicy");
        assertThat(user.resources(Job.class).list().getItems()).hasSize(1);
        awaitEnds("DataInvalid");
    }

    @Test
    void givenAFailureAndThenASuccessTheFailureVanishesFromTheStatus() {
        Set<String> failures = new ConcurrentSkipListSet<>();
        try (Watch _ = user.resources(VLFineTune.class).watch(new Watcher<>() {
            @Override
            public void eventReceived(Action action, VLFineTune run) {
                Stream.ofNullable(run.getStatus())
                        .flatMap(status -> Stream.ofNullable(status.failure()))
                        .forEach(failure -> failures.add(failure.reason()));
            }

            @Override
            public void onClose(WatcherException cause) {}
        })) {
            cluster.create("digits", "once-exit-30");
            awaitPhase("digits", Phase.Succeeded);
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(failures).containsExactly("SourceUnavailable"));
        }

        VLFineTuneStatus status = status("digits");
        assertThat(status.failure()).isNull();
        assertThat(status.attempt()).isEqualTo(2);
        assertThat(status.attempts())
                .extracting(AttemptStatus::number, AttemptStatus::reason)
                .containsExactly(tuple(1, "SourceUnavailable"), tuple(2, "Succeeded"));
        assertThat(job("digits-1").getStatus().getConditions().getLast().getReason())
                .isEqualTo("BackoffLimitExceeded");
    }

    @Test
    void givenASuspensionThenNoTrainerRunsAndTheRunGoesOnWhenItIsResumed() {
        cluster.create("digits", "once-sleep");
        awaitPhase("digits", Phase.Running);

        lifecycle("digits", "{\"suspend\": true}");
        awaitPhase("digits", Phase.Suspended);
        // A trainer that has ended is gone; its pod and Job are with the garbage collector.
        await().atMost(PATIENCE)
                .until(() -> pods("digits").isEmpty()
                        && user.resources(Job.class).list().getItems().isEmpty());

        lifecycle("digits", "{\"suspend\": false}");
        awaitPhase("digits", Phase.Succeeded);
        assertThat(status("digits").attempts())
                .extracting(AttemptStatus::number, AttemptStatus::reason)
                .containsExactly(tuple(1, "Suspended"), tuple(2, "Succeeded"));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(user.v1().events().list().getItems())
                        .extracting(Event::getReason)
                        .contains("Started", "Suspended", "Resumed", "Succeeded"));
    }

    @Test
    void givenARetryOfAFailedRunThenOneMoreAttemptIsMade() {
        cluster.create("digits", "once-exit-11");
        awaitPhase("digits", Phase.Failed);

        user.resources(VLFineTune.class).withName("digits").edit(run -> {
            run.getMetadata().setAnnotations(Map.of("vlfinetune.io/retry", "now"));
            return run;
        });

        awaitPhase("digits", Phase.Succeeded);
        assertThat(status("digits").attempt()).isEqualTo(2);
        assertThat(status("digits").honouredRetry()).isEqualTo("now");
    }

    @Test
    void givenATimeToLiveThenWhatBelongsToAnEndedRunGoesAndTheRunStays() {
        cluster.create("digits", "fine");
        lifecycle("digits", "{\"childrenTTL\": \"1s\"}");
        awaitPhase("digits", Phase.Succeeded);

        await().atMost(PATIENCE)
                .until(() -> Stream.of(Job.class, Pod.class, VLFineTuneProgress.class)
                        .allMatch(kind -> user.resources(kind).list().getItems().isEmpty()));
        assertThat(user.resources(PersistentVolumeClaim.class).list().getItems())
                .as("a claim goes once the controller that protects claims in use lets it")
                .allMatch(claim -> claim.getMetadata().getDeletionTimestamp() != null);
        assertThat(status("digits").phase()).isEqualTo(Phase.Succeeded);
    }

    @Test
    void givenARunThatIsDeletedWhileItTrainsThenItsTrainerStopsAndNothingIsLeft() {
        cluster.create("digits", "sleep");
        awaitPhase("digits", Phase.Running);

        user.resources(VLFineTune.class).withName("digits").delete();

        await().atMost(PATIENCE)
                .until(() -> Stream.of(
                                VLFineTune.class,
                                Job.class,
                                Pod.class,
                                VLFineTuneProgress.class,
                                PersistentVolumeClaim.class)
                        .allMatch(kind -> user.resources(kind).list().getItems().isEmpty()));
        assertThat(folder.resolve("runs/digits/attempt-1/dev/termination-log"))
                .as("the last word of a trainer that was told to stop")
                .content()
                .contains("stopped at step 3");
        assertThat(folder.resolve("runs/digits/trainer.pid")).doesNotExist();
    }

    @Test
    void givenARunThatIsReplacedWhileItTrainsThenTheNewOneStartsAfterTheOldTrainerStopped() throws Exception {
        cluster.create("digits", "sleep");
        awaitPhase("digits", Phase.Running);
        String old = user.resources(Job.class)
                .withName("digits-1")
                .get()
                .getMetadata()
                .getUid();

        user.resources(VLFineTune.class).withName("digits").delete();
        await().atMost(PATIENCE)
                .until(() -> user.resources(VLFineTune.class).withName("digits").get() == null);
        cluster.create("digits", "fine");

        awaitPhase("digits", Phase.Succeeded);
        assertThat(user.resources(Job.class)
                        .withName("digits-1")
                        .get()
                        .getMetadata()
                        .getUid())
                .isNotEqualTo(old);
        assertThat(status("digits").attempt()).isEqualTo(1);
        assertThat(status("digits").attempts())
                .singleElement()
                .satisfies(attempt -> assertThat(attempt.resumedFromStep())
                        .as("nothing of the old one's checkpoints")
                        .isNull());
    }

    @Test
    void givenAnOperatorThatRestartsThenUnchangedRunsCostNoWrite() throws Exception {
        cluster.create("ended", "fine");
        awaitPhase("ended", Phase.Succeeded);
        cluster.create("running", "sleep");
        awaitPhase("running", Phase.Running);
        awaitEnds("Succeeded");
        Map<String, String> before = versions();

        List<String> written = cluster.restartOperator(QUIET);

        assertThat(written).isEmpty();
        assertThat(versions()).isEqualTo(before);
        assertThat(status("running").phase()).isEqualTo(Phase.Running);
    }

    @Test
    void givenTwoRunsTheSecondWaitsForTheMachineAndThenRuns() {
        cluster.create("first", "sleep");
        awaitPhase("first", Phase.Running);
        cluster.create("second", "fine");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(pods("second"))
                        .singleElement()
                        .satisfies(pod -> assertThat(pod.getStatus().getConditions())
                                .singleElement()
                                .satisfies(condition -> assertThat(condition.getMessage())
                                        .startsWith("waiting for room on this machine"))));

        user.resources(VLFineTune.class).withName("first").delete();

        awaitPhase("second", Phase.Succeeded);
    }

    private void lifecycle(String name, String json) {
        user.resources(VLFineTune.class)
                .withName(name)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\": {\"lifecycle\": " + json + "}}");
    }

    /** Of what nobody but the operator and a trainer that sleeps writes. */
    private Map<String, String> versions() {
        Map<String, String> versions = new TreeMap<>();
        for (Class<? extends HasMetadata> kind : List.of(VLFineTune.class, VLFineTuneProgress.class)) {
            user.resources(kind)
                    .list()
                    .getItems()
                    .forEach(one -> versions.put(
                            one.getKind() + "/" + one.getMetadata().getName(),
                            one.getMetadata().getResourceVersion()));
        }
        return versions;
    }

    VLFineTuneStatus status(String name) {
        VLFineTune run = user.resources(VLFineTune.class).withName(name).get();
        return Objects.requireNonNullElse(run.getStatus(), VLFineTuneStatus.EMPTY);
    }

    Job job(String name) {
        return user.resources(Job.class).withName(name).get();
    }

    static List<String> conditions(Job job) {
        return job.getStatus().getConditions().stream()
                .map(JobCondition::getType)
                .toList();
    }

    private VLFineTuneProgress progress(String name) {
        return user.resources(VLFineTuneProgress.class).withName(name).get();
    }

    List<Pod> pods(String run) {
        return user.pods().withLabel("vlfinetune.io/run", run).list().getItems();
    }

    void awaitPhase(String name, Phase phase) {
        await().atMost(PATIENCE).until(() -> status(name).phase(), phase::equals);
    }

    /**
     * The ends that are told of runs. That they had started is told too, unless they ended before anybody looked;
     * controllers tell things about Jobs and pods.
     */
    private void awaitEnds(String... reasons) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(user.v1().events().list().getItems().stream()
                                .filter(event ->
                                        event.getInvolvedObject().getKind().equals("VLFineTune"))
                                .filter(event -> !event.getReason().equals("Started")))
                        .extracting(Event::getReason)
                        .containsExactlyInAnyOrder(reasons));
    }
}
