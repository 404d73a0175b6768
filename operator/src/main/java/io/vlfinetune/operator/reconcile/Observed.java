package io.vlfinetune.operator.reconcile;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.Children;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.queue.QuotaFacts;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the caches show of a run's children.
 *
 * @param attempts attempts of which a Job or a progress object exists, in order of their numbers
 * @param livePods pods that carry the run's name and may still run, those of an earlier run of this name included
 * @param leftovers in words, the Jobs and progress objects of an earlier run of this name
 * @param lastWrite when this operator last wrote the run's status; null: not since it started
 */
public record Observed(
        List<AttemptFacts> attempts,
        List<PodFacts> livePods,
        List<String> leftovers,
        @Nullable Instant lastWrite) {
    /** Keeps copies of the lists. */
    public Observed {
        attempts = attempts.stream()
                .sorted(Comparator.comparingInt(AttemptFacts::number))
                .toList();
        livePods = List.copyOf(livePods);
        leftovers = List.copyOf(leftovers);
    }

    /** Reads the children of a run, and what Kueue says of each Job by its uid. */
    public static Observed of(
            VLFineTune run,
            Collection<Job> jobs,
            Collection<Pod> pods,
            Collection<VLFineTuneProgress> progress,
            Function<String, @Nullable QuotaFacts> quotas,
            @Nullable Instant lastWrite) {
        Map<Integer, JobFacts> jobByNumber = jobs.stream()
                .filter(job -> Children.belongsTo(job, run))
                .map(job -> JobFacts.of(job, quotas.apply(job.getMetadata().getUid())))
                .collect(Collectors.toMap(JobFacts::attempt, job -> job, (one, other) -> one));
        Map<Integer, VLFineTuneProgress> progressByNumber = new HashMap<>();
        progress.stream()
                .filter(object -> Children.belongsTo(object, run))
                .forEach(object ->
                        progressByNumber.put(number(object.getMetadata().getLabels()), object));
        Map<Integer, AttemptFacts> attempts = new TreeMap<>();
        Stream.concat(jobByNumber.keySet().stream(), progressByNumber.keySet().stream())
                .distinct()
                .forEach(number -> attempts.put(
                        number, attempt(number, jobByNumber.get(number), progressByNumber.get(number), pods)));
        List<PodFacts> live =
                pods.stream().map(PodFacts::of).filter(pod -> !pod.terminal()).toList();
        List<String> leftovers = Stream.concat(jobs.stream(), progress.stream())
                .filter(child -> !Children.belongsTo(child, run))
                .map(child -> child.getKind() + " " + child.getMetadata().getName())
                .sorted()
                .toList();
        return new Observed(List.copyOf(attempts.values()), live, leftovers, lastWrite);
    }

    /** The attempt of a number. */
    public Optional<AttemptFacts> attempt(int number) {
        return attempts.stream().filter(attempt -> attempt.number() == number).findFirst();
    }

    /** The highest number; 0 where there is none. */
    public int top() {
        return attempts.isEmpty() ? 0 : attempts.getLast().number();
    }

    private static AttemptFacts attempt(
            int number, @Nullable JobFacts job, @Nullable VLFineTuneProgress progress, Collection<Pod> pods) {
        int first = job != null
                ? job.firstAttempt()
                : JobFacts.number(
                        progress == null ? null : progress.getMetadata().getAnnotations(), Children.FIRST_ATTEMPT);
        return new AttemptFacts(
                number, first, job, podsOf(number, job, pods), progress == null ? null : progress.getReport());
    }

    /** Pods of a Job; of a Job that is gone, those that carry its attempt's number. */
    private static List<PodFacts> podsOf(int number, @Nullable JobFacts job, Collection<Pod> pods) {
        return pods.stream()
                .filter(pod -> number(pod.getMetadata().getLabels()) == number)
                .map(PodFacts::of)
                .filter(pod -> job == null || pod.jobUid().equals(job.uid()))
                .toList();
    }

    private static int number(@Nullable Map<String, String> labels) {
        return JobFacts.number(labels, Children.ATTEMPT);
    }
}
