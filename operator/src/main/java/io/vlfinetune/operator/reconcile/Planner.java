package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.attempt.Backoff;
import io.vlfinetune.operator.attempt.Children;
import io.vlfinetune.operator.conditions.Conditions;
import io.vlfinetune.operator.conditions.RunState;
import io.vlfinetune.operator.conditions.RunTraits;
import io.vlfinetune.operator.conditions.StatusFactory;
import io.vlfinetune.operator.progress.Copying;
import io.vlfinetune.operator.queue.QuotaFacts;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The heart of the operator: from a run and what is seen of it to what to do and what to say. Pure. */
public final class Planner {
    /** Annotation of a run: {@code true} holds the operator back from it. */
    public static final String PAUSED = "vlfinetune.io/paused";

    /** Annotation of a run: {@code completion} lets tools wait for its end. */
    public static final String HEALTH = "vlfinetune.io/health";

    private final List<Policy> policies;
    private final Copying copying;
    private final boolean embedded;
    private final boolean liveChannel;

    /** The policies in the order in which they are asked. */
    public Planner(OperatorConfiguration configuration, Backoff.Jitter jitter) {
        this.policies = List.of(
                new DeletionPolicy(),
                new FinishedPolicy(),
                new SuspendPolicy(),
                new DeadlinePolicy(),
                new HeartbeatPolicy(),
                new FollowPolicy(),
                new EndPolicy(new Backoff(configuration.restartBackoff(), jitter)),
                new StartPolicy(configuration));
        this.copying = new Copying(configuration.progressPeriod());
        this.embedded = configuration.fileSources();
        this.liveChannel = configuration.progressApi() != null;
    }

    /**
     * Plans one reconcile.
     *
     * @param run the run with its status as last written
     * @param observed its children
     * @param now the time
     */
    public Plan plan(VLFineTune run, Observed observed, Instant now) {
        Situation situation = Situation.of(run, observed, liveChannel, now);
        Decision decision = policies.stream()
                .flatMap(policy -> policy.decide(situation).stream())
                .findFirst()
                .orElseThrow();
        if (paused(run) && !decision.actions().isEmpty()) {
            return held(situation, decision);
        }
        RunState state = decision.state();
        if (state == null) {
            return new Plan(decision.actions(), settled(situation), decision.requeueAfter());
        }
        VLFineTuneStatus next = status(situation, decision, state);
        Duration requeue = requeue(situation, decision, next);
        return switch (copying.decide(situation.before(), next, observed.lastWrite(), now)) {
            case Copying.Verdict.Write _ -> new Plan(decision.actions(), next, requeue);
            case Copying.Verdict.Leave _ -> new Plan(decision.actions(), situation.before(), requeue);
            case Copying.Verdict.Later later ->
                new Plan(decision.actions(), situation.before(), sooner(later.after(), requeue));
        };
    }

    private VLFineTuneStatus status(Situation situation, Decision decision, RunState state) {
        VLFineTune run = situation.run();
        boolean completion = "completion".equals(Children.annotation(run, HEALTH));
        return StatusFactory.of(
                Facts.of(situation, decision, state, ephemeral(run)),
                state,
                new RunTraits(ephemeral(run), completion, quota(situation, decision)),
                situation.before().conditions(),
                situation.generation(),
                situation.now());
    }

    /** A run that has not ended is looked at again when time alone changes what is to be done. */
    private static @Nullable Duration requeue(Situation situation, Decision decision, VLFineTuneStatus next) {
        if (Conditions.isTrue(next.conditions(), ConditionType.Suspended)) {
            return decision.requeueAfter();
        }
        Situation after =
                new Situation(situation.run(), next, situation.observed(), situation.liveChannel(), situation.now());
        Optional<Duration> due = Conditions.ended(next.conditions())
                ? FinishedPolicy.cleanUpTime(after).map(time -> Duration.between(situation.now(), time))
                : Deadlines.next(after);
        return due.filter(Duration::isPositive)
                .map(time -> sooner(time, decision.requeueAfter()))
                .orElse(decision.requeueAfter());
    }

    private static boolean paused(VLFineTune run) {
        return "true".equals(Children.annotation(run, PAUSED))
                && run.getMetadata().getDeletionTimestamp() == null;
    }

    /** A run that is left alone is still followed, but nothing is done for it. */
    private Plan held(Situation situation, Decision decision) {
        if (decision.state() == null) {
            return new Plan(List.of(), settled(situation), null);
        }
        if (situation.failed()) {
            return new Plan(List.of(), situation.before(), null);
        }
        String message = "annotation " + PAUSED + " holds the operator back from this run: remove it to go on";
        VLFineTuneStatus next = situation.before().conditions().isEmpty()
                ? status(
                        situation,
                        Decision.say(situation, new RunState.Pending("Paused", message), null),
                        new RunState.Pending("Paused", message))
                : StatusFactory.paused(situation.before(), message, situation.generation(), situation.now());
        return new Plan(List.of(), next, null);
    }

    /** Of an attempt that is only about to be started nothing is known. */
    private static @Nullable QuotaFacts quota(Situation situation, Decision decision) {
        return situation
                .current()
                .filter(attempt -> attempt.number() == decision.attempt())
                .map(situation::quota)
                .orElse(null);
    }

    /** A run that succeeded takes note of a newer generation: tools take an older observedGeneration for unfinished work. */
    private static VLFineTuneStatus settled(Situation situation) {
        VLFineTuneStatus before = situation.before();
        boolean noted = Objects.equals(before.observedGeneration(), situation.generation());
        boolean deleted = situation.run().getMetadata().getDeletionTimestamp() != null;
        return noted || deleted || situation.changedAfterFailure()
                ? before
                : StatusFactory.refreshed(before, situation.generation());
    }

    /** On one machine with the user checkpoints outlive their pod. */
    private boolean ephemeral(VLFineTune run) {
        return !embedded && run.getSpec().resources().scratch() == null;
    }

    private static Duration sooner(Duration one, @Nullable Duration other) {
        return other == null || one.compareTo(other) < 0 ? one : other;
    }
}
