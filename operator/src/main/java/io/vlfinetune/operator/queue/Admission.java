package io.vlfinetune.operator.queue;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import org.jspecify.annotations.Nullable;

/**
 * Whether a Job may have pods.
 *
 * @param suspended whether {@code spec.suspend} keeps it from having any
 * @param queue LocalQueue that it waits in; null: none
 * @param quota what Kueue says of it; null: nothing yet, or there is no Kueue
 */
public record Admission(
        boolean suspended, @Nullable String queue, @Nullable QuotaFacts quota) {
    /** Reads a Job, of which Kueue may have said something. */
    public static Admission of(Job job, @Nullable QuotaFacts quota) {
        return new Admission(
                job.getSpec() != null && Boolean.TRUE.equals(job.getSpec().getSuspend()),
                QueueLabels.label(job, QueueLabels.QUEUE).orElse(null),
                quota);
    }
}
