package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.access.TrainerAccess;
import io.vlfinetune.operator.attempt.AttemptJob;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.attempt.ScratchClaim;
import io.vlfinetune.operator.attempt.StopGrace;
import io.vlfinetune.operator.conditions.RunState;
import io.vlfinetune.operator.progress.ProgressObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Starts the next attempt, if the spec can be carried out, no pod of an earlier attempt may still run and nothing is left
 * of an earlier run of this name. It decides in every situation that the policies before it left open.
 *
 * @param configuration image, service account and what sources are allowed
 */
record StartPolicy(OperatorConfiguration configuration) implements Policy {
    @Override
    public Optional<Decision> decide(Situation situation) {
        // A progress object without its Job was made by a reconcile that got no further: the number is still free.
        boolean prepared = situation.top() > 0 && situation.current().isEmpty();
        int number = prepared ? situation.top() : situation.top() + 1;
        boolean fresh = situation.changedAfterFailure() || number == 1;
        int firstAttempt = fresh ? number : situation.firstAttempt();
        Optional<String> obstacle = SpecCheck.check(situation.run(), number, configuration);
        if (obstacle.isPresent()) {
            return Optional.of(Decision.say(situation, new RunState.Invalid(obstacle.get()), null));
        }
        Optional<PodFacts> pod = situation.observed().livePods().stream().findFirst();
        if (pod.isPresent()) {
            String message = "attempt %d waits for pod %s of an earlier attempt to end"
                    .formatted(number, pod.get().name());
            return Optional.of(Decision.say(situation, blocked(situation, message), null));
        }
        if (!situation.observed().leftovers().isEmpty()) {
            String message = "%s of an earlier run of this name must go first: delete what stays"
                    .formatted(String.join(", ", situation.observed().leftovers()));
            return Optional.of(Decision.say(situation, new RunState.Pending("NameInUse", message), null));
        }
        return Optional.of(new Decision(
                actions(situation, number, firstAttempt),
                new RunState.Starting("attempt " + number + " starts"),
                number,
                firstAttempt,
                Deadlines.FIRST_POD));
    }

    private static RunState blocked(Situation situation, String message) {
        return situation.current().isPresent() && !situation.changedAfterFailure()
                ? new RunState.Restarting(message)
                : new RunState.Pending("PodsRunning", message);
    }

    private List<Action> actions(Situation situation, int number, int firstAttempt) {
        VLFineTune run = situation.run();
        List<Action> actions = new ArrayList<>();
        ScratchClaim.of(run).map(Action.CreateClaim::new).ifPresent(actions::add);
        TrainerAccess.of(run, configuration)
                .map(access -> new Action.EnsureTrainerAccess(access, number > 1))
                .ifPresent(actions::add);
        actions.add(new Action.CreateProgress(ProgressObject.of(run, number, firstAttempt)));
        actions.add(new Action.CreateJob(
                AttemptJob.of(run, number, firstAttempt, StopGrace.by(situation.checkpoints()), configuration)));
        return actions;
    }
}
