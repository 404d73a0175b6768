package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.conditions.Conditions;
import java.util.Objects;
import java.util.Optional;

/**
 * Pods that Kubernetes takes away and the Job controller replaces: preemption, eviction, drain. The attempt stays the
 * same, and nothing is counted against it.
 */
final class Preemption {
    /** Reason of Running=False while a replacement is on its way. */
    static final String REASON = "Preempted";

    private Preemption() {}

    /** Pods of this run that were replaced so far: one more once another pod works on the attempt than the status names. */
    static int count(Situation situation) {
        int known = Objects.requireNonNullElse(situation.before().preemptions(), 0);
        boolean replaced = situation
                .current()
                .filter(attempt -> replaced(situation.before(), attempt))
                .isPresent();
        return replaced ? known + 1 : known;
    }

    /** Whether another pod works on an attempt than the one that a status names. */
    static boolean replaced(VLFineTuneStatus status, AttemptFacts attempt) {
        return known(status, attempt)
                .filter(name ->
                        attempt.pod().filter(pod -> !pod.name().equals(name)).isPresent())
                .isPresent();
    }

    /** What is said while an attempt that was at work waits for another pod or for that pod's first report. */
    static Optional<String> waiting(Situation situation, AttemptFacts attempt) {
        JobFacts job = attempt.job();
        if (job == null || !job.live() || job.deleting()) {
            return Optional.empty();
        }
        Optional<PodFacts> pod = attempt.pod();
        if (pod.isEmpty()) {
            return known(situation.before(), attempt).map(name -> taken(name, attempt));
        }
        if (pod.get().terminal() && pod.get().disrupted()) {
            return Optional.of(taken(pod.get().name(), attempt));
        }
        return (underWay(situation) || predecessor(attempt, pod.get()))
                        && attempt.reported().isEmpty()
                ? Optional.of("pod %s takes the place of the one that was taken away"
                        .formatted(pod.get().name()))
                : Optional.empty();
    }

    private static String taken(String pod, AttemptFacts attempt) {
        return "pod %s was taken away; Kubernetes brings another one for attempt %d".formatted(pod, attempt.number());
    }

    /** Whether there is a report, of which a pod that still works is not the author. */
    private static boolean predecessor(AttemptFacts attempt, PodFacts pod) {
        return !pod.terminal() && attempt.ownReport().isPresent();
    }

    private static boolean underWay(Situation situation) {
        return Conditions.find(situation.before().conditions(), ConditionType.Running)
                .map(Condition::reason)
                .filter(REASON::equals)
                .isPresent();
    }

    private static Optional<String> known(VLFineTuneStatus status, AttemptFacts attempt) {
        return Situation.recorded(status, attempt.number()).map(AttemptStatus::pod);
    }
}
