package io.vlfinetune.operator.reconcile;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.Children;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.attempt.Times;
import io.vlfinetune.operator.conditions.Conditions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Asks the API server itself in the few places where something that cannot be taken back follows from a cache that may be
 * behind: a list may come from a replica that is (Sieve's stale reads), an attempt that seems to be gone may be at work,
 * and a run that is there may be gone. A life without restarts, whose trainer says that it ends, never asks. One reconcile
 * of one run.
 */
final class Freshness {
    /** Clocks of server and operator differ, and times of creation are cut to seconds. */
    private static final Duration SKEW = Duration.ofSeconds(5);

    private final KubernetesClient client;
    private final VLFineTune run;
    private final boolean listed;
    private boolean latest;

    /**
     * The beginning of a reconcile.
     *
     * @param client asks
     * @param run the run
     * @param filled when this operator's caches were filled: what was there before came with a list, and not by a watch
     */
    Freshness(KubernetesClient client, VLFineTune run, Instant filled) {
        this.client = client;
        this.run = run;
        this.listed = Times.parse(run.getMetadata().getCreationTimestamp())
                .filter(created -> created.isAfter(filled.plus(SKEW)))
                .isEmpty();
    }

    /**
     * Before an attempt that the status knows counts as vanished, replaced, ended without the trainer's last words, or at
     * work again after its end.
     *
     * @throws StaleCacheException its Job, its pods or its report are others, or the run has changed
     */
    void confirm(VLFineTuneStatus status, Observed observed) {
        int number = Objects.requireNonNullElse(status.attempt(), 0);
        if (number == 0 || Conditions.ended(status.conditions())) {
            return;
        }
        Optional<AttemptFacts> attempt = observed.attempt(number);
        Optional<JobFacts> job = attempt.map(AttemptFacts::job);
        if (Situation.recorded(status, number).map(AttemptStatus::endTime).isPresent()) {
            job.filter(JobFacts::live).ifPresent(this::confirmLive);
        } else if (job.isEmpty()) {
            confirmGone(Children.attemptName(run, number));
        } else {
            confirmWords(status, attempt.get(), job.get());
        }
    }

    /**
     * A pod that was replaced may be shown in place of the one that replaced it, which would count once more; a Job's end
     * before the pod that says why, and before the trainer's last report.
     */
    private void confirmWords(VLFineTuneStatus status, AttemptFacts attempt, JobFacts job) {
        boolean ended = job.end() != null;
        if (Preemption.replaced(status, attempt) || (ended && attempt.pods().isEmpty())) {
            confirmPods(attempt, job);
        }
        if (ended && attempt.lastReport().isEmpty()) {
            confirmReport(attempt, job);
        }
    }

    private void confirmGone(String job) {
        if (job(job).filter(other -> Children.belongsTo(other, run)).isPresent()) {
            throw new StaleCacheException("the cache of Jobs is behind: it lacks " + job);
        }
        confirmLatest();
    }

    private void confirmLive(JobFacts shown) {
        if (job(shown.name())
                .map(JobFacts::of)
                .filter(job -> job.uid().equals(shown.uid()) && job.live())
                .isEmpty()) {
            throw new StaleCacheException("the cache of Jobs is behind: " + shown.name() + " is over");
        }
    }

    private void confirmPods(AttemptFacts attempt, JobFacts job) {
        Set<PodFacts> there = client
                .pods()
                .inNamespace(run.getMetadata().getNamespace())
                .withLabel(Children.RUN, run.getMetadata().getName())
                .list()
                .getItems()
                .stream()
                .map(PodFacts::of)
                .filter(pod -> pod.jobUid().equals(job.uid()))
                .collect(Collectors.toSet());
        if (!there.equals(Set.copyOf(attempt.pods()))) {
            throw new StaleCacheException("the cache of pods is behind with those of " + job.name());
        }
    }

    private void confirmReport(AttemptFacts attempt, JobFacts job) {
        VLFineTuneProgress progress = client.resources(VLFineTuneProgress.class)
                .inNamespace(run.getMetadata().getNamespace())
                .withName(job.name())
                .get();
        if (progress != null && !Objects.equals(progress.getReport(), attempt.report())) {
            throw new StaleCacheException("the cache of progress objects is behind with " + job.name());
        }
    }

    /**
     * Before anything is made, or told, for a run that may have changed or gone before this operator began.
     *
     * @throws StaleCacheException it has
     */
    void confirmListed() {
        if (listed) {
            confirmLatest();
        }
    }

    /**
     * Before an attempt is started that may not be the first.
     *
     * @throws StaleCacheException the run has changed, or another attempt may be at work
     */
    void confirmNext(Job next) {
        confirmLatest();
        refuse(live().filter(job ->
                !job.getMetadata().getName().equals(next.getMetadata().getName())));
    }

    /**
     * Before an attempt is stopped because of what the run says.
     *
     * @throws StaleCacheException the run has changed
     */
    void confirmLatest() {
        if (latest) {
            return;
        }
        VLFineTune there = client.resource(run).get();
        latest = there != null
                && there.getMetadata().getUid().equals(run.getMetadata().getUid())
                && there.getMetadata()
                        .getResourceVersion()
                        .equals(run.getMetadata().getResourceVersion())
                && Objects.equals(
                        there.getMetadata().getGeneration(), run.getMetadata().getGeneration());
        if (!latest) {
            throw new StaleCacheException("the cache of runs is behind");
        }
    }

    /** A Job of the run's namespace as the server has it now. */
    Optional<Job> job(String name) {
        return Optional.ofNullable(client.batch()
                .v1()
                .jobs()
                .inNamespace(run.getMetadata().getNamespace())
                .withName(name)
                .get());
    }

    private Stream<Job> live() {
        return client
                .batch()
                .v1()
                .jobs()
                .inNamespace(run.getMetadata().getNamespace())
                .withLabel(Children.RUN, run.getMetadata().getName())
                .list()
                .getItems()
                .stream()
                .filter(job -> Children.belongsTo(job, run))
                .filter(job -> JobFacts.of(job).live());
    }

    private static void refuse(Stream<Job> live) {
        List<String> names = live.map(job -> job.getMetadata().getName()).toList();
        if (!names.isEmpty()) {
            throw new StaleCacheException("the cache of Jobs is behind: " + names + " may be at work");
        }
    }
}
