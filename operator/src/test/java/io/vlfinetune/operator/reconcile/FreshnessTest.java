package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.attempt.AttemptJob;
import io.vlfinetune.operator.attempt.Children;
import io.vlfinetune.operator.attempt.StopGrace;
import io.vlfinetune.operator.cluster.MemoryApiServer;
import io.vlfinetune.operator.conditions.StatusDraft;
import io.vlfinetune.operator.progress.ProgressObject;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Caches that are behind the server, in the places where that would do harm. */
class FreshnessTest {
    private static final Instant LONG_AGO = Instant.EPOCH;

    private final MemoryApiServer server = new MemoryApiServer();
    private final KubernetesClient client = server.client("operator");
    private final VLFineTune run = client.resource(Samples.run(Samples.spec())).create();
    private final Job job = client.resource(AttemptJob.of(run, 1, 1, StopGrace.USUAL, Samples.CONFIGURATION))
            .create();

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void givenAnAttemptWhoseJobTheCacheLacksThenTheServerDecides() {
        assertStale(observed(List.of(), List.of()), "it lacks digits-1");

        client.resource(job).delete();
        assertFresh(observed(List.of(), List.of()));
    }

    @Test
    void givenAJobThatIsGoneAndARunThatHasChangedSinceThenNothingFollows() {
        client.resource(job).delete();
        changeRun();

        assertStale(observed(List.of(), List.of()), "the cache of runs is behind");
    }

    @Test
    void givenAPodThatWasReplacedAndIsShownOnceMoreThenItIsNotAnotherReplacement() {
        Pod second = client.resource(pod("digits-1-0-b")).create();

        assertFresh(observed(List.of(job), List.of(second)));
        assertStale(observed(List.of(job), List.of(pod("digits-1-0-c"))), "the cache of pods is behind");
        assertStale(observed(List.of(failed()), List.of(pod("digits-1-0-c"))), "the cache of pods is behind");
    }

    @Test
    void givenAnEndedJobAndAReportThatTheCacheLacksThenItsEndWaits() {
        VLFineTuneProgress progress = ProgressObject.of(run, 1, 1);
        progress.setReport(Samples.report(1, 1, TrainerState.Training, 30));
        client.resource(progress).create();
        Pod pod = client.resource(pod("digits-1-0-a")).create();

        assertStale(observed(List.of(failed()), List.of(pod)), "the cache of progress objects is behind");
        assertFresh(Observed.of(run, List.of(failed()), List.of(pod), List.of(progress), _ -> null, null));
    }

    @Test
    void givenAnEndedJobWithoutItsPodThenTheServerDecidesWhetherThereIsOne() {
        Job failed = failed();
        Pod pod = client.resource(pod("digits-1-0-a")).create();
        assertStale(observed(List.of(failed), List.of()), "the cache of pods is behind");

        client.resource(pod).delete();
        assertFresh(observed(List.of(failed), List.of()));
    }

    @Test
    void givenAnAttemptThatIsOverAndWhoseJobIsShownAtWorkThenTheServerDecides() {
        AttemptStatus over =
                new AttemptStatus(1, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "Stopped", null, "digits-1-0-a");
        assertThatCode(() -> confirm(observed(List.of(job), List.of()), over)).doesNotThrowAnyException();

        client.resource(job).delete();
        assertThatThrownBy(() -> confirm(observed(List.of(job), List.of()), over))
                .isInstanceOf(StaleCacheException.class)
                .hasMessageContaining("digits-1 is over");
    }

    @Test
    void givenARunThatHasChangedThenOnlyOneThatWasListedIsAskedFor() {
        changeRun();

        assertThatThrownBy(() -> new Freshness(client, run, Instant.now()).confirmListed())
                .isInstanceOf(StaleCacheException.class);
        assertThatCode(() -> new Freshness(client, run, LONG_AGO).confirmListed())
                .doesNotThrowAnyException();
    }

    private Job failed() {
        return new JobBuilder(job)
                .withNewStatus()
                .addNewCondition()
                .withType("Failed")
                .withStatus("True")
                .withReason("BackoffLimitExceeded")
                .endCondition()
                .endStatus()
                .build();
    }

    private void changeRun() {
        client.resource(run)
                .subresource("status")
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"status\":{\"attempt\":2}}");
    }

    private void assertFresh(Observed observed) {
        assertThatCode(() -> confirm(observed)).doesNotThrowAnyException();
    }

    private void assertStale(Observed observed, String message) {
        assertThatThrownBy(() -> confirm(observed))
                .isInstanceOf(StaleCacheException.class)
                .hasMessageContaining(message);
    }

    /** The status knows attempt 1 at work in pod a. */
    private void confirm(Observed observed) {
        confirm(observed, new AttemptStatus(1, "2026-01-01T00:00:00Z", null, null, null, "digits-1-0-a"));
    }

    private void confirm(Observed observed, AttemptStatus attempt) {
        VLFineTuneStatus status = StatusDraft.of(VLFineTuneStatus.EMPTY)
                .attempts(1, List.of(attempt))
                .status();
        new Freshness(client, run, LONG_AGO).confirm(status, observed);
    }

    private Observed observed(List<Job> jobs, List<Pod> pods) {
        return Observed.of(run, jobs, pods, List.of(), _ -> null, null);
    }

    private Pod pod(String name) {
        return new PodBuilder()
                .withMetadata(new ObjectMetaBuilder()
                        .withName(name)
                        .withNamespace("team")
                        .withLabels(Children.labels(run, 1))
                        .addNewOwnerReference()
                        .withKind("Job")
                        .withName(job.getMetadata().getName())
                        .withUid(job.getMetadata().getUid())
                        .endOwnerReference()
                        .build())
                .build();
    }
}
