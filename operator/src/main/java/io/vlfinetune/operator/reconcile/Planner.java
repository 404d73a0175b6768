package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.FailureStatus;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.attempt.AttemptEnd;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.Backoff;
import io.vlfinetune.operator.conditions.RunState;
import io.vlfinetune.operator.conditions.StatusFactory;
import io.vlfinetune.operator.progress.Copying;
import io.vlfinetune.operator.progress.RunFacts;
import io.vlfinetune.operator.queue.QuotaFacts;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The heart of the operator: from a run and what is seen of it to what to do and what to say. Pure. */
public final class Planner {
    private final List<Policy> policies;
    private final Copying copying;
    private final boolean embedded;

    /** The policies in the order in which they are asked. */
    public Planner(OperatorConfiguration configuration, Backoff.Jitter jitter) {
        this.policies = List.of(
                new DeletionPolicy(),
                new FinishedPolicy(),
                new FollowPolicy(configuration.progressApi() != null),
                new EndPolicy(new Backoff(configuration.restartBackoff(), jitter)),
                new StartPolicy(configuration));
        this.copying = new Copying(configuration.progressPeriod());
        this.embedded = configuration.fileSources();
    }

    /**
     * Plans one reconcile.
     *
     * @param run the run with its status as last written
     * @param observed its children
     * @param now the time
     */
    public Plan plan(VLFineTune run, Observed observed, Instant now) {
        Situation situation = Situation.of(run, observed, now);
        Decision decision = policies.stream()
                .flatMap(policy -> policy.decide(situation).stream())
                .findFirst()
                .orElseThrow();
        RunState state = decision.state();
        if (state == null) {
            return new Plan(decision.actions(), settled(situation), decision.requeueAfter());
        }
        VLFineTuneStatus next = StatusFactory.of(
                facts(situation, decision, state),
                state,
                ephemeral(run),
                quota(situation, decision),
                situation.before().conditions(),
                situation.generation(),
                now);
        return switch (copying.decide(situation.before(), next, observed.lastWrite(), now)) {
            case Copying.Verdict.Write _ -> new Plan(decision.actions(), next, decision.requeueAfter());
            case Copying.Verdict.Leave _ -> new Plan(decision.actions(), situation.before(), decision.requeueAfter());
            case Copying.Verdict.Later later ->
                new Plan(decision.actions(), situation.before(), sooner(later.after(), decision.requeueAfter()));
        };
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
        return noted || deleted ? before : StatusFactory.refreshed(before, situation.generation());
    }

    private VLFineTuneStatus facts(Situation situation, Decision decision, RunState state) {
        List<AttemptStatus> attempts = Attempts.list(situation, decision.attempt());
        boolean fresh =
                situation.attemptInStatus() < decision.firstAttempt() && decision.attempt() >= decision.firstAttempt();
        if (fresh && situation.current().map(AttemptFacts::number).orElse(0) < decision.firstAttempt()) {
            return RunFacts.fresh(decision.attempt(), attempts);
        }
        VLFineTuneStatus known = fresh ? VLFineTuneStatus.EMPTY : situation.before();
        Optional<AttemptFacts> attempt = situation.current();
        Optional<ProgressReport> report = attempt.flatMap(AttemptFacts::ownReport);
        boolean lost = ephemeral(situation.run()) && decision.attempt() > situation.attemptInStatus();
        VLFineTuneStatus facts = RunFacts.reported(
                lost ? RunFacts.withoutCheckpoint(known) : known,
                decision.attempt(),
                report.filter(value -> value.attempt() == decision.attempt() || !lost),
                failure(situation, known, attempt),
                attempts);
        return state instanceof RunState.Succeeded succeeded ? RunFacts.succeeded(facts, succeeded.lastWord()) : facts;
    }

    private static @Nullable FailureStatus failure(
            Situation situation, VLFineTuneStatus known, Optional<AttemptFacts> attempt) {
        return attempt.flatMap(situation::end)
                .filter(AttemptEnd.Failed.class::isInstance)
                .map(AttemptEnd.Failed.class::cast)
                .map(AttemptEnd.Failed::failure)
                .orElse(known.failure());
    }

    /** On one machine with the user checkpoints outlive their pod. */
    private boolean ephemeral(VLFineTune run) {
        return !embedded && run.getSpec().resources().scratch() == null;
    }

    private static Duration sooner(Duration one, @Nullable Duration other) {
        return other == null || one.compareTo(other) < 0 ? one : other;
    }
}
