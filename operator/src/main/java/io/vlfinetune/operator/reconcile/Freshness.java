package io.vlfinetune.operator.reconcile;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.Children;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.Times;
import io.vlfinetune.operator.conditions.Conditions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/**
 * Asks the API server itself in the few places where something follows from what is <em>not</em> in the caches: a list
 * may come from a replica that is behind (Sieve's stale reads), an attempt that seems to be gone may be at work, and a run
 * that is there may be gone. A life without restarts never asks.
 */
final class Freshness {
    /** Clocks of server and operator differ, and times of creation are cut to seconds. */
    private static final Duration SKEW = Duration.ofSeconds(5);

    private final KubernetesClient client;
    private final AtomicReference<Instant> firstLook = new AtomicReference<>();

    /** Asks with the operator's client. */
    Freshness(KubernetesClient client) {
        this.client = client;
    }

    /** A reconcile begins: what was there before the first one came with a list, and not by a watch. */
    void looking(Instant now) {
        firstLook.compareAndSet(null, now);
    }

    /**
     * Before an attempt that the status knows counts as vanished.
     *
     * @throws StaleCacheException its Job exists
     */
    void confirmGone(VLFineTune run, VLFineTuneStatus status, Observed observed) {
        int attempt = Objects.requireNonNullElse(status.attempt(), 0);
        if (attempt == 0
                || over(status, attempt)
                || observed.attempt(attempt).map(AttemptFacts::job).isPresent()) {
            return;
        }
        String name = Children.attemptName(run, attempt);
        if (job(run, name).filter(job -> Children.belongsTo(job, run)).isPresent()) {
            throw new StaleCacheException("the cache of Jobs is behind: it lacks " + name);
        }
        VLFineTune latest = client.resource(run).get();
        if (latest == null || !sameObject(latest, run)) {
            throw new StaleCacheException("the cache of runs is behind: this one is gone, as its Job is");
        }
    }

    private static boolean over(VLFineTuneStatus status, int attempt) {
        boolean finished = Conditions.isTrue(status.conditions(), ConditionType.Succeeded)
                || Conditions.isTrue(status.conditions(), ConditionType.Failed);
        return finished
                || status.attempts().stream()
                        .filter(known -> Objects.equals(known.number(), attempt))
                        .map(AttemptStatus::endTime)
                        .anyMatch(Objects::nonNull);
    }

    /**
     * Before anything is made for a run that may have been gone when this operator began.
     *
     * @throws StaleCacheException the run has changed or gone since a list that this operator began with
     */
    void confirmListed(VLFineTune run) {
        Instant begin = firstLook.get();
        boolean listed = begin == null
                || Times.parse(run.getMetadata().getCreationTimestamp())
                        .filter(created -> created.isAfter(begin.plus(SKEW)))
                        .isEmpty();
        if (listed) {
            confirmLatest(run);
        }
    }

    /**
     * Before an attempt is started that may not be the first.
     *
     * @throws StaleCacheException the run has changed, or another attempt may be at work
     */
    void confirmNext(VLFineTune run, Job next) {
        confirmLatest(run);
        refuse(live(run)
                .filter(job ->
                        !job.getMetadata().getName().equals(next.getMetadata().getName())));
    }

    /**
     * Before an attempt is stopped because of what the run says.
     *
     * @throws StaleCacheException the run has changed
     */
    void confirmLatest(VLFineTune run) {
        VLFineTune latest = client.resource(run).get();
        boolean same = latest != null
                && sameObject(latest, run)
                && latest.getMetadata()
                        .getResourceVersion()
                        .equals(run.getMetadata().getResourceVersion())
                && Objects.equals(
                        latest.getMetadata().getGeneration(), run.getMetadata().getGeneration());
        if (!same) {
            throw new StaleCacheException("the cache of runs is behind");
        }
    }

    /** A Job of the run's namespace as the server has it now. */
    Optional<Job> job(VLFineTune run, String name) {
        return Optional.ofNullable(client.batch()
                .v1()
                .jobs()
                .inNamespace(run.getMetadata().getNamespace())
                .withName(name)
                .get());
    }

    private static boolean sameObject(VLFineTune one, VLFineTune other) {
        return one.getMetadata().getUid().equals(other.getMetadata().getUid());
    }

    private Stream<Job> live(VLFineTune run) {
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
                .filter(job -> JobFacts.of(job).end() == null);
    }

    private static void refuse(Stream<Job> live) {
        List<String> names = live.map(job -> job.getMetadata().getName()).toList();
        if (!names.isEmpty()) {
            throw new StaleCacheException("the cache of Jobs is behind: " + names + " may be at work");
        }
    }
}
