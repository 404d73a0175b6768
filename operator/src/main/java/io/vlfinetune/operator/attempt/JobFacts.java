package io.vlfinetune.operator.attempt;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.vlfinetune.operator.queue.Admission;
import io.vlfinetune.operator.queue.QuotaFacts;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What matters of an attempt's Job.
 *
 * @param name name
 * @param uid identity
 * @param attempt number of the attempt, from 1
 * @param firstAttempt number of the first attempt of the series
 * @param created when it was made
 * @param deleting whether it is being deleted
 * @param end how it ended; null while it has not
 * @param madeFrom what it was made from
 * @param admission whether it may have pods, and what Kueue says of that
 */
public record JobFacts(
        String name,
        String uid,
        int attempt,
        int firstAttempt,
        Instant created,
        boolean deleting,
        @Nullable End end,
        MadeFrom madeFrom,
        Admission admission) {
    /**
     * The end of a Job: its Complete or Failed condition. FailureTarget and SuccessCriteriaMet come earlier, while pods
     * still run, and are no end.
     *
     * @param complete true: Complete; false: Failed
     * @param reason reason of the condition, such as PodFailurePolicy or BackoffLimitExceeded
     * @param message message of the condition
     * @param time when it became true
     */
    public record End(boolean complete, String reason, String message, Instant time) {}

    /** Reads a Job that this operator made, of which Kueue has said nothing. */
    public static JobFacts of(Job job) {
        return of(job, null);
    }

    /** Reads a Job that this operator made, and what Kueue says of its quota. */
    public static JobFacts of(Job job, @Nullable QuotaFacts quota) {
        Instant created = Times.parse(job.getMetadata().getCreationTimestamp()).orElse(Instant.EPOCH);
        int attempt = number(job.getMetadata().getLabels(), Children.ATTEMPT);
        int first = number(job.getMetadata().getAnnotations(), Children.FIRST_ATTEMPT);
        return new JobFacts(
                job.getMetadata().getName(),
                job.getMetadata().getUid(),
                attempt,
                first,
                created,
                job.getMetadata().getDeletionTimestamp() != null,
                end(job, created),
                MadeFrom.read(job.getMetadata().getAnnotations()),
                Admission.of(job, quota));
    }

    /** Whether pods of it may still run or come. */
    public boolean live() {
        return end == null;
    }

    /** Number in a label or annotation; 1 where it is absent or no number. */
    public static int number(@Nullable Map<String, String> texts, String key) {
        String text = texts == null ? null : texts.get(key);
        return text != null && text.matches("[1-9][0-9]{0,8}") ? Integer.parseInt(text) : 1;
    }

    private static @Nullable End end(Job job, Instant created) {
        List<JobCondition> conditions =
                job.getStatus() == null ? List.of() : job.getStatus().getConditions();
        return conditions.stream()
                .filter(condition -> "True".equals(condition.getStatus()))
                .filter(condition -> condition.getType().equals("Complete")
                        || condition.getType().equals("Failed"))
                .findFirst()
                .map(condition -> new End(
                        condition.getType().equals("Complete"),
                        Optional.ofNullable(condition.getReason()).orElse(""),
                        Optional.ofNullable(condition.getMessage()).orElse(""),
                        Times.parse(condition.getLastTransitionTime()).orElse(created)))
                .orElse(null);
    }
}
