package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.operator.attempt.AttemptEnd;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.EndClassifier;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.MadeFrom;
import io.vlfinetune.operator.attempt.Times;
import io.vlfinetune.operator.conditions.Conditions;
import io.vlfinetune.operator.queue.Queueing;
import io.vlfinetune.operator.queue.QuotaFacts;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All that a policy may look at.
 *
 * @param run the run as declared
 * @param before its status as last written
 * @param observed its children
 * @param liveChannel whether trainers can report; where they cannot, a running container has to do
 * @param now the time
 */
public record Situation(VLFineTune run, VLFineTuneStatus before, Observed observed, boolean liveChannel, Instant now) {
    /** Reads the status from the run. */
    static Situation of(VLFineTune run, Observed observed, boolean liveChannel, Instant now) {
        return new Situation(
                run, Objects.requireNonNullElse(run.getStatus(), VLFineTuneStatus.EMPTY), observed, liveChannel, now);
    }

    /** Generation of the spec. */
    long generation() {
        return Objects.requireNonNullElse(run.getMetadata().getGeneration(), 0L);
    }

    /** The highest number an attempt ever had; 0: none. */
    int top() {
        return Math.max(observed.top(), attemptInStatus());
    }

    /** Number of the attempt that the status names; 0: none. */
    int attemptInStatus() {
        return Objects.requireNonNullElse(before.attempt(), 0);
    }

    /** The latest attempt whose Job was made: either it is there, or the status says that it was. */
    Optional<AttemptFacts> current() {
        int top = top();
        AttemptFacts facts =
                observed.attempt(top).orElseGet(() -> new AttemptFacts(top, firstAttempt(), null, List.of(), null));
        return top > 0 && (facts.job() != null || attemptInStatus() >= top) ? Optional.of(facts) : Optional.empty();
    }

    /** Whether the present attempt's Job may not have pods. */
    boolean heldBack() {
        return current()
                .map(AttemptFacts::job)
                .filter(job -> job.live() && job.admission().suspended())
                .isPresent();
    }

    /** What is to be said of the quota of an attempt that has not ended; null: nothing. */
    @Nullable
    QuotaFacts quota(AttemptFacts attempt) {
        JobFacts job = attempt.job();
        return job == null
                ? null
                : Queueing.said(
                        Conditions.find(before.conditions(), ConditionType.QuotaReserved)
                                .orElse(null),
                        job.admission(),
                        Duration.between(job.created(), now));
    }

    /** Number of the first attempt of the series that the newest attempt belongs to. */
    int firstAttempt() {
        return observed.attempts().isEmpty() ? 1 : observed.attempts().getLast().firstAttempt();
    }

    /** Whether the run failed and its spec was changed since: a new series of attempts is to begin. */
    boolean changedAfterFailure() {
        return Conditions.find(before.conditions(), ConditionType.Failed)
                .filter(condition -> "True".equals(condition.status()))
                .map(Condition::observedGeneration)
                .map(observedGeneration -> observedGeneration < generation())
                .orElse(false);
    }

    /** Whether the run ended as failed, as its status says. */
    boolean failed() {
        return Conditions.isTrue(before.conditions(), ConditionType.Failed);
    }

    /** Token of a retry that the run's annotation asks for and no attempt has honoured yet; only a failed run has one. */
    Optional<String> pendingRetry() {
        return Optional.ofNullable(MadeFrom.token(run))
                .filter(_ -> failed())
                .filter(token -> !token.equals(before.honouredRetry()))
                .filter(token ->
                        jobs().noneMatch(job -> token.equals(job.madeFrom().retry())));
    }

    /** Whether an attempt was started that the status does not know yet. */
    boolean startedAnew() {
        return current().map(AttemptFacts::number).orElse(0) > attemptInStatus();
    }

    /** Jobs of all attempts, in order of their numbers. */
    Stream<JobFacts> jobs() {
        return observed.attempts().stream().flatMap(attempt -> Optional.ofNullable(attempt.job()).stream());
    }

    /** What is known of checkpoints, the latest of each attempt. */
    Stream<CheckpointStatus> checkpoints() {
        return Stream.concat(
                Stream.ofNullable(before.checkpoint()),
                observed.attempts().stream()
                        .map(AttemptFacts::report)
                        .filter(Objects::nonNull)
                        .flatMap(report -> Stream.ofNullable(report.checkpoint())));
    }

    /** Jobs whose pods may still run or come. */
    List<JobFacts> liveJobs() {
        return jobs().filter(JobFacts::live).toList();
    }

    /** What stops every live Job that is not being stopped yet. */
    List<Action> stopAll() {
        return liveJobs().stream()
                .filter(job -> !job.deleting())
                .<Action>map(job -> new Action.DeleteJob(job.name(), job.uid()))
                .toList();
    }

    /** Whether the present attempt's end is the run's: no other attempt would change it. */
    boolean settled() {
        return current()
                .flatMap(this::end)
                .filter(end -> switch (end) {
                    case AttemptEnd.Succeeded _, AttemptEnd.Planned _ -> true;
                    case AttemptEnd.Failed failed -> failed.reason().retry() == Reason.Retry.Never;
                    case AttemptEnd.Stopped _ -> false;
                })
                .isPresent();
    }

    /** Time for which the run was active, suspensions left out. */
    Duration active() {
        Duration before = Duration.ofSeconds(Objects.requireNonNullElse(this.before.activeSeconds(), 0L));
        return Times.parse(this.before.activeSince())
                .map(since -> before.plus(Duration.between(since, now)))
                .orElse(before);
    }

    /**
     * How an attempt ended, as its children show it. One that was given up for its silence has failed, whatever its
     * stopped trainer said, unless it had finished after all.
     */
    Optional<AttemptEnd> end(AttemptFacts attempt) {
        Optional<AttemptEnd> end = EndClassifier.classify(attempt, now);
        return givenUp(attempt)
                ? end.map(value -> value instanceof AttemptEnd.Succeeded ? value : Silence.end(attempt, value.time()))
                : end;
    }

    /** Whether the status says that an attempt was given up for its silence. */
    boolean givenUp(AttemptFacts attempt) {
        return recorded(attempt.number())
                .filter(status -> Reason.NoHeartbeat.name().equals(status.reason()))
                .isPresent();
    }

    /** When an attempt ended; the status remembers what children that are gone cannot tell. */
    Instant endTime(int attempt, AttemptEnd end) {
        return recorded(attempt)
                .flatMap(status -> Times.parse(status.endTime()))
                .orElseGet(end::time)
                .truncatedTo(ChronoUnit.SECONDS);
    }

    /** How the attempts of the present series ended, in order; those that have not are left out. */
    List<String> endings() {
        return IntStream.rangeClosed(firstAttempt(), top())
                .mapToObj(this::ending)
                .flatMap(Optional::stream)
                .toList();
    }

    /** The failures among them. */
    List<Reason> failures() {
        return endings().stream()
                .flatMap(word -> Arrays.stream(Reason.values())
                        .filter(reason -> reason.name().equals(word)))
                .toList();
    }

    /** What the status says of an attempt. */
    Optional<AttemptStatus> recorded(int attempt) {
        return recorded(before, attempt);
    }

    /** What a status says of an attempt. */
    static Optional<AttemptStatus> recorded(VLFineTuneStatus status, int attempt) {
        return status.attempts().stream()
                .filter(known -> Objects.equals(known.number(), attempt))
                .findFirst();
    }

    private Optional<String> ending(int attempt) {
        Optional<AttemptFacts> facts =
                observed.attempt(attempt).or(() -> current().filter(current -> current.number() == attempt));
        return facts.filter(value -> value.job() != null
                        || recorded(attempt).map(AttemptStatus::reason).isEmpty())
                .flatMap(this::end)
                .map(AttemptEnd::word)
                .or(() -> recorded(attempt).map(AttemptStatus::reason));
    }
}
