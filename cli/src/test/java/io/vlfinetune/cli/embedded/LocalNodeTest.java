package io.vlfinetune.cli.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The node with real processes; the stand-in trainer stands at the process boundary. */
class LocalNodeTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private final List<String> notices = Standing.notices();
    private final MockApiServer server = new MockApiServer();
    private final KubernetesClient client = server.client();
    private final AtomicLong outOfMemoryKills = new AtomicLong();
    private WorkFolder work;
    private LocalNode node;

    @BeforeEach
    void start() throws IOException {
        work = Standing.work(folder);
        LocalNode.Parts parts = Standing.parts(work, notices);
        node = LocalNode.start(
                client,
                new LocalNode.Parts(
                        work,
                        parts.command(),
                        parts.capacity(),
                        outOfMemoryKills::getAndIncrement,
                        parts.clock(),
                        parts.random(),
                        notices::add));
    }

    @AfterEach
    void stop() throws IOException {
        node.close();
        server.close();
        work.close();
    }

    private Job create(String run, String wish, String cpu) throws Exception {
        return client.resource(JobForm.of(run, wish, cpu)).create();
    }

    private @Nullable Job job(String run) {
        return client.batch()
                .v1()
                .jobs()
                .inNamespace("default")
                .withName(run + "-1")
                .get();
    }

    private List<String> conditions(String run) {
        Job job = job(run);
        return job == null || job.getStatus() == null
                ? List.of()
                : job.getStatus().getConditions().stream()
                        .map(JobCondition::getType)
                        .toList();
    }

    private @Nullable Pod pod(String run) {
        return client.pods().inNamespace("default").withLabel("job-name", run + "-1").list().getItems().stream()
                .findFirst()
                .orElse(null);
    }

    private void awaitPhase(String run, String phase) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(pod(run))
                        .isNotNull()
                        .extracting(pod -> pod.getStatus().getPhase())
                        .isEqualTo(phase));
    }

    private Watch watchPods(BiConsumer<Watcher.Action, Pod> seen) {
        return client.pods().inNamespace("default").watch(new Watcher<>() {
            @Override
            public void eventReceived(Action action, Pod pod) {
                seen.accept(action, pod);
            }

            @Override
            public void onClose(WatcherException cause) {}
        });
    }

    private void deleteJob(String run) {
        client.batch().v1().jobs().inNamespace("default").withName(run + "-1").delete();
    }

    private void awaitListening() {
        await().atMost(PATIENCE).until(() -> Files.exists(folder.resolve("runs/digits/scratch/listening")));
    }

    private ContainerStateTerminated terminated(String run) {
        await().atMost(PATIENCE).until(() -> conditions(run).size() == 2);
        return pod(run).getStatus().getContainerStatuses().getFirst().getState().getTerminated();
    }

    @Test
    void givenATrainerThatSucceedsItsJobIsCompleteAndItsLastWordStandsInThePod() throws Exception {
        create("digits", "fine", "2");

        ContainerStateTerminated end = terminated("digits");

        assertThat(end.getExitCode()).isZero();
        assertThat(end.getReason()).isEqualTo("Completed");
        assertThat(Json.strict().readValue(end.getMessage(), LastWord.class).outcome())
                .isEqualTo(LastWord.Outcome.Succeeded);
        assertThat(conditions("digits")).containsExactly("SuccessCriteriaMet", "Complete");
        assertThat(job("digits").getStatus().getCompletionTime()).isNotNull();
        assertThat(job("digits").getStatus().getStartTime()).isNotNull();
        assertThat(job("digits").getStatus().getSucceeded()).isEqualTo(1);
        assertThat(job("digits").getStatus().getActive()).isZero();
        Pod pod = pod("digits");
        assertThat(pod.getMetadata().getName()).matches("digits-1-0-[a-z0-9]{5}");
        assertThat(pod.getMetadata().getLabels())
                .containsAllEntriesOf(Map.of(
                        "batch.kubernetes.io/job-name", "digits-1",
                        "batch.kubernetes.io/job-completion-index", "0",
                        "vlfinetune.io/run", "digits"));
    }

    @Test
    void givenVolumesTheyAreFoldersOfTheWorkFolder() throws Exception {
        create("digits", "fine", "1500m");
        terminated("digits");
        assertThat(folder.resolve("claims/models/written-by")).hasContent("digits");
        assertThat(folder.resolve("runs/digits/scratch/threads")).hasContent("1");
        assertThat(folder.resolve("runs/digits/attempt-1.log")).content().contains("stand-in at work on digits");
    }

    @Test
    void givenAnExitCodeOfThePolicyTheJobFailsByThePolicy() throws Exception {
        create("digits", "exit-11", "2");
        assertThat(terminated("digits").getExitCode()).isEqualTo(11);
        assertThat(conditions("digits")).containsExactly("FailureTarget", "Failed");
        JobCondition failed = job("digits").getStatus().getConditions().get(1);
        assertThat(failed.getReason()).isEqualTo("PodFailurePolicy");
        assertThat(failed.getMessage()).contains("failed with exit code 11 matching FailJob rule at index 1");
    }

    @Test
    void givenAnyOtherExitCodeTheBackoffLimitIsReached() throws Exception {
        create("digits", "exit-30", "2");
        assertThat(terminated("digits").getExitCode()).isEqualTo(30);
        assertThat(job("digits").getStatus().getConditions().get(1).getReason()).isEqualTo("BackoffLimitExceeded");
    }

    @Test
    void givenAKernelThatKilledForWantOfMemoryThePodSaysSoAndFallsBackToTheLog() throws Exception {
        create("digits", "killed", "2");
        ContainerStateTerminated end = terminated("digits");
        assertThat(end.getExitCode()).isEqualTo(137);
        assertThat(end.getReason()).isEqualTo("OOMKilled");
        assertThat(end.getMessage()).contains("stand-in at work on digits");
    }

    @Test
    void whatReaderOfStatusesSeesIsTheVerdictBeforeTheEnd() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        Watch watch = client.batch().v1().jobs().inNamespace("default").watch(new Watcher<>() {
            @Override
            public void eventReceived(Action action, Job job) {
                seen.add(
                        job.getStatus() == null
                                ? "none"
                                : job.getStatus().getConditions().stream()
                                        .map(JobCondition::getType)
                                        .toList()
                                        .toString());
            }

            @Override
            public void onClose(WatcherException cause) {}
        });
        try {
            create("digits", "exit-12", "2");
            terminated("digits");
            await().atMost(PATIENCE).until(() -> seen.contains("[FailureTarget, Failed]"));
        } finally {
            watch.close();
        }
        assertThat(seen).containsSubsequence("[]", "[FailureTarget]", "[FailureTarget, Failed]");
    }

    @Test
    void givenRoomForOneTheSecondWaitsWithAReasonAndThenRuns() throws Exception {
        create("first", "sleep", "2");
        awaitPhase("first", "Running");
        create("second", "fine", "1");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(pod("second"))
                        .isNotNull()
                        .satisfies(pod -> assertThat(pod.getStatus().getConditions())
                                .singleElement()
                                .satisfies(condition -> assertThat(condition.getMessage())
                                        .isEqualTo("waiting for room on this machine: needs 1 cores, 0 are free"))));
        assertThat(pod("second").getStatus().getPhase()).isEqualTo("Pending");

        deleteJob("first");

        awaitPhase("second", "Succeeded");
    }

    @Test
    void givenMoreCoresThanTheMachineHasAnIdleNodeStillStartsTheRun() throws Exception {
        create("greedy", "fine", "64");
        awaitPhase("greedy", "Succeeded");
        assertThat(folder.resolve("runs/greedy/scratch/threads")).hasContent("2");
    }

    @Test
    void givenADeletedJobItsTrainerStopsFirstThenPodAndJobGo() throws Exception {
        create("digits", "sleep", "2");
        awaitPhase("digits", "Running");
        await().atMost(PATIENCE).until(() -> Files.exists(folder.resolve("runs/digits/scratch/threads")));
        List<String> phases = new CopyOnWriteArrayList<>();
        try (Watch _ = watchPods(
                (action, pod) -> phases.add(action + " " + pod.getStatus().getPhase()))) {
            deleteJob("digits");
            await().atMost(PATIENCE).until(() -> job("digits") == null && pod("digits") == null);
            await().atMost(PATIENCE).until(() -> phases.contains("DELETED Failed"));
        }
        assertThat(phases).containsSubsequence("MODIFIED Failed", "DELETED Failed");
    }

    @Test
    void givenATrainerThatIgnoresSigtermItIsKilledAfterTheGracePeriod() throws Exception {
        create("digits", "stubborn", "2");
        awaitListening();
        List<Integer> codes = new CopyOnWriteArrayList<>();
        try (Watch _ = watchPods((_, pod) -> pod.getStatus().getContainerStatuses().stream()
                .flatMap(container -> Stream.ofNullable(container.getState().getTerminated()))
                .forEach(end -> codes.add(end.getExitCode())))) {
            deleteJob("digits");
            await().atMost(PATIENCE).until(() -> job("digits") == null);
            await().atMost(PATIENCE).until(() -> !codes.isEmpty());
        }
        assertThat(codes).as("SIGTERM alone was not heard").containsOnly(137);
        assertThat(folder.resolve("runs/digits/trainer.pid")).doesNotExist();
    }

    @Test
    void whenTheNodeClosesItsTrainersStopWithExitCode40() throws Exception {
        create("digits", "sleep", "2");
        awaitListening();
        node.close();
        assertThat(terminated("digits").getExitCode()).isEqualTo(40);
    }

    @Test
    void givenAGpuThatIsNotThereItIsSaidOnce() throws Exception {
        for (String run : List.of("first", "second")) {
            Job job = JobForm.of(run, "fine", "1");
            job.getSpec()
                    .getTemplate()
                    .getSpec()
                    .getContainers()
                    .getFirst()
                    .getResources()
                    .setLimits(Map.of("nvidia.com/gpu", new io.fabric8.kubernetes.api.model.Quantity("1")));
            client.resource(job).create();
            awaitPhase(run, "Succeeded");
        }
        assertThat(notices).hasSize(1).first().asString().contains("training on the CPU");
    }

    @Test
    void givenAFolderInUseAnotherProcessCannotTakeIt() {
        assertThatThrownBy(() -> WorkFolder.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("another vlft works in");
    }
}
