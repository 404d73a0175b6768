package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.EndClassifier;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.conditions.Conditions;
import io.vlfinetune.operator.conditions.RunState;
import io.vlfinetune.operator.queue.Queueing;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An attempt that has not ended is followed. It runs from its trainer's first report on, not from the moment its pod
 * counts as active, since a pod that cannot pull its image is active too.
 */
record FollowPolicy() implements Policy {
    @Override
    public Optional<Decision> decide(Situation situation) {
        return situation
                .current()
                .filter(attempt -> situation.end(attempt).isEmpty())
                .map(attempt -> Decision.say(situation, state(situation, attempt), requeue(situation, attempt)));
    }

    private RunState state(Situation situation, AttemptFacts attempt) {
        Optional<String> heldBack = heldBack(situation, attempt);
        if (heldBack.isPresent()) {
            return new RunState.Starting(heldBack.get());
        }
        Optional<ProgressReport> report = attempt.ownReport();
        boolean mute =
                !situation.liveChannel() && attempt.pod().map(PodFacts::running).orElse(false);
        Optional<String> preempted = Preemption.waiting(situation, attempt);
        Optional<String> obstacle = attempt.pod()
                .flatMap(pod -> Optional.ofNullable(pod.waiting()).map(waiting -> waiting(situation, pod, waiting)));
        boolean podless = Deadlines.podless(situation)
                .filter(due -> !situation.now().isBefore(due))
                .isPresent();
        if (preempted.isPresent()) {
            return new RunState.Preempted(obstacle.orElse(preempted.get()));
        }
        if (report.isPresent() || mute) {
            TrainerState trainer = report.map(ProgressReport::state).orElse(TrainerState.Training);
            return new RunState.Running(
                    trainer, "attempt " + attempt.number() + " is at work" + changed(situation, attempt));
        }
        return new RunState.Starting(
                obstacle.orElse(podless ? podless(attempt) : "attempt " + attempt.number() + " starts"));
    }

    /** What a Job's controller is refused stands in the Job's events only. */
    private static String podless(AttemptFacts attempt) {
        String name = attempt.job() == null ? "" : attempt.job().name();
        return "attempt %d has no pod after a minute: kubectl describe job %s says why (a quota, a priority class, a service account)"
                .formatted(attempt.number(), name);
    }

    /** What counts for an attempt is the spec that its Job was made from. */
    private static String changed(Situation situation, AttemptFacts attempt) {
        JobFacts job = attempt.job();
        return job != null && job.madeFrom().differs(situation.run())
                ? "; the spec was changed since and takes effect with the next attempt: suspend the run first and resume it"
                : "";
    }

    /** A suspended Job has no trainer, whatever an earlier pod of it reported. */
    private static Optional<String> heldBack(Situation situation, AttemptFacts attempt) {
        JobFacts job = attempt.job();
        return job == null
                ? Optional.empty()
                : Queueing.obstacle(attempt.number(), job.admission(), situation.quota(attempt));
    }

    /** A Job that has ended is looked at again, since its last word may still be on its way; so may Kueue's first. */
    private static @Nullable Duration requeue(Situation situation, AttemptFacts attempt) {
        JobFacts job = attempt.job();
        if (job != null && job.end() != null) {
            return EndClassifier.GRACE;
        }
        return job != null && job.admission().suspended() && situation.quota(attempt) == null ? Queueing.GRACE : null;
    }

    private static String waiting(Situation situation, PodFacts pod, PodFacts.Waiting waiting) {
        String head = switch (waiting.reason()) {
            case "ErrImagePull", "ImagePullBackOff" ->
                "ImageUnavailable: pod " + pod.name() + " cannot pull image " + waiting.image();
            case "Unschedulable" -> "Unschedulable: no node takes pod " + pod.name();
            default -> waiting.reason() + ": pod " + pod.name() + " does not start";
        };
        // Kubernetes words the same obstacle differently every few seconds; each wording would be a write.
        Optional<String> known = Conditions.find(situation.before().conditions(), ConditionType.Running)
                .map(Condition::message)
                .filter(message -> message.startsWith(head));
        return known.orElseGet(() -> waiting.message().isBlank() ? head : head + ": " + waiting.message());
    }
}
