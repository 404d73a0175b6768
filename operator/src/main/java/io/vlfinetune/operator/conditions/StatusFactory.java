package io.vlfinetune.operator.conditions;

import io.vlfinetune.api.CheckpointStatus;
import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.operator.queue.QuotaFacts;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Builds every status: the facts of a run, and the conditions and phase that its state gives. */
public final class StatusFactory {
    private static final String SETTLED = "Settled";

    private StatusFactory() {}

    /** Facts to which conditions are added: all fields but observedGeneration, phase and conditions are taken over. */
    public static VLFineTuneStatus of(
            VLFineTuneStatus facts,
            RunState state,
            RunTraits traits,
            List<Condition> before,
            long generation,
            Instant now) {
        Conditions next = new Conditions(before, generation, now);
        Words words = Words.of(state, facts);
        boolean stalled = state instanceof RunState.Invalid || state instanceof RunState.Failed;
        boolean unfinished = traits.healthIsCompletion() && !stalled && !succeeded(state);
        next.set(ConditionType.Ready, words.ready() && !unfinished, words.reason(), words.message());
        boolean reconciling = unfinished || state instanceof RunState.Pending || state instanceof RunState.Suspending;
        next.set(
                ConditionType.Reconciling,
                reconciling,
                reconciling ? words.reason() : SETTLED,
                reconciling ? words.message() : "the operator has done what the spec asks so far");
        next.set(
                ConditionType.Stalled,
                stalled,
                stalled ? words.reason() : SETTLED,
                stalled ? words.message() : "nothing is in the way");
        suspended(next, state, words);
        quota(next, state, traits.quota());
        plan(next, facts);
        running(next, state, words, facts);
        checkpoint(next, facts, traits.ephemeral());
        end(next, state, words, before);
        return with(facts, generation, next.list());
    }

    /** The same status, about a newer generation of which nothing was left to do. */
    public static VLFineTuneStatus refreshed(VLFineTuneStatus before, long generation) {
        List<Condition> conditions = before.conditions().stream()
                .map(condition -> new Condition(
                        condition.type(),
                        condition.status(),
                        generation,
                        condition.lastTransitionTime(),
                        condition.reason(),
                        condition.message()))
                .toList();
        return with(before, generation, conditions);
    }

    /** The same status, not ready because the API server refused an action; it is tried again. */
    public static VLFineTuneStatus refused(VLFineTuneStatus before, String message, long generation, Instant now) {
        Conditions next = new Conditions(before.conditions(), generation, now);
        next.set(ConditionType.Ready, false, "Refused", message);
        next.set(ConditionType.Reconciling, true, "Refused", message);
        before.conditions().stream()
                .filter(condition -> !condition.type().equals(ConditionType.Ready.name()))
                .filter(condition -> !condition.type().equals(ConditionType.Reconciling.name()))
                .forEach(next::keep);
        return with(before, generation, next.list());
    }

    /** Said of an attempt that has not ended: what ended holds no quota. */
    private static void quota(Conditions next, RunState state, @Nullable QuotaFacts quota) {
        boolean live = switch (state) {
            case RunState.Starting _, RunState.Running _, RunState.Silent _, RunState.Preempted _ -> true;
            case RunState.Invalid _,
                    RunState.Pending _,
                    RunState.Restarting _,
                    RunState.Suspending _,
                    RunState.Suspended _,
                    RunState.Succeeded _,
                    RunState.Planned _,
                    RunState.Failed _ -> false;
        };
        if (live && quota != null) {
            next.set(ConditionType.QuotaReserved, quota.reserved(), quota.reason(), quota.message());
        }
    }

    /** The same status, of a run that the operator was told to leave alone although there is something to do. */
    public static VLFineTuneStatus paused(VLFineTuneStatus before, String message, long generation, Instant now) {
        Conditions next = new Conditions(before.conditions(), generation, now);
        before.conditions().forEach(condition -> {
            if (condition.type().equals(ConditionType.Reconciling.name())) {
                next.set(ConditionType.Reconciling, true, "Paused", message);
            } else {
                next.keep(condition);
            }
        });
        return with(before, generation, next.list());
    }

    private static boolean succeeded(RunState state) {
        return state instanceof RunState.Succeeded || state instanceof RunState.Planned;
    }

    private static void suspended(Conditions next, RunState state, Words words) {
        if (state instanceof RunState.Suspended || state instanceof RunState.Suspending) {
            next.set(ConditionType.Suspended, state instanceof RunState.Suspended, words.reason(), words.message());
        } else {
            next.set(ConditionType.Suspended, false, "NotSuspended", "spec.lifecycle.suspend is false");
        }
    }

    private static void plan(Conditions next, VLFineTuneStatus facts) {
        if (facts.plan() == null) {
            next.set(
                    ConditionType.PlanResolved,
                    false,
                    "NotResolved",
                    "the trainer resolves the freeze plan before its first step");
        } else {
            next.set(ConditionType.PlanResolved, true, "Resolved", Messages.plan(facts.plan()));
        }
    }

    private static void running(Conditions next, RunState state, Words words, VLFineTuneStatus facts) {
        if (state instanceof RunState.Running running) {
            next.set(ConditionType.Running, true, "Started", words.message());
            next.set(ConditionType.Progressing, true, running.trainer().name(), line(running, facts));
        } else if (state instanceof RunState.Silent silent) {
            next.set(ConditionType.Running, silent.awaited() == null, running(silent), words.message());
            next.set(ConditionType.Progressing, false, Reason.NoHeartbeat.name(), silent.message());
        } else {
            next.set(ConditionType.Running, false, words.reason(), words.message());
            next.set(
                    ConditionType.Progressing,
                    false,
                    words.reason(),
                    Messages.progress(facts.progress(), facts.metrics()));
        }
    }

    private static String running(RunState.Silent silent) {
        return silent.awaited() == null ? "Started" : silent.awaited();
    }

    private static String line(RunState.Running running, VLFineTuneStatus facts) {
        return facts.progress() == null
                ? Messages.activity(running.trainer())
                : Messages.progress(facts.progress(), facts.metrics());
    }

    private static void checkpoint(Conditions next, VLFineTuneStatus facts, boolean ephemeral) {
        CheckpointStatus checkpoint = facts.checkpoint();
        if (ephemeral) {
            next.set(
                    ConditionType.CheckpointAvailable,
                    false,
                    "Ephemeral",
                    "checkpoints live as long as their pod: set spec.resources.scratch to resume in a next attempt");
        } else if (checkpoint == null) {
            next.set(ConditionType.CheckpointAvailable, false, "NoneYet", "no checkpoint was written yet");
        } else {
            next.set(
                    ConditionType.CheckpointAvailable,
                    true,
                    "Written",
                    "checkpoint of step " + checkpoint.step() + " at " + checkpoint.uri());
        }
    }

    /** A failed run whose new spec is not in force yet is still a failed run: its condition stays as it was. */
    private static void end(Conditions next, RunState state, Words words, List<Condition> before) {
        boolean succeeded = succeeded(state);
        boolean failed = state instanceof RunState.Failed;
        next.set(
                ConditionType.Succeeded,
                succeeded,
                succeeded || failed ? words.reason() : "NotFinished",
                succeeded || failed ? words.message() : "the run is not finished");
        Optional<Condition> kept = state instanceof RunState.Invalid || state instanceof RunState.Pending
                ? Conditions.find(before, ConditionType.Failed).filter(condition -> "True".equals(condition.status()))
                : Optional.empty();
        if (kept.isPresent()) {
            next.keep(kept.get());
        } else {
            next.set(
                    ConditionType.Failed,
                    failed,
                    failed ? words.reason() : "NotFailed",
                    failed ? words.message() : "the run has not failed");
        }
    }

    private static VLFineTuneStatus with(VLFineTuneStatus facts, long generation, List<Condition> conditions) {
        return StatusDraft.of(facts).conditions(generation, conditions).status();
    }

    /** What a state says of itself. */
    private record Words(boolean ready, String reason, String message) {
        static Words of(RunState state, VLFineTuneStatus facts) {
            return switch (state) {
                case RunState.Invalid invalid -> new Words(false, Reason.InvalidSpec.name(), invalid.message());
                case RunState.Pending pending -> new Words(false, pending.reason(), pending.message());
                case RunState.Starting starting -> new Words(true, "Starting", starting.message());
                case RunState.Running running -> new Words(true, "Running", running.message());
                case RunState.Silent silent ->
                    new Words(true, silent.awaited() == null ? "Running" : silent.awaited(), silent.message());
                case RunState.Restarting restarting -> new Words(true, "Restarting", restarting.message());
                case RunState.Preempted preempted -> new Words(true, "Preempted", preempted.message());
                case RunState.Suspending suspending -> new Words(true, "Suspending", suspending.message());
                case RunState.Suspended suspended -> new Words(true, "Suspended", suspended.message());
                case RunState.Succeeded succeeded ->
                    new Words(
                            true,
                            "Succeeded",
                            Messages.success(
                                    facts.metrics(), succeeded.lastWord().proof()));
                case RunState.Planned _ ->
                    new Words(
                            true,
                            "PlanOnly",
                            facts.plan() == null ? "the freeze plan is resolved" : Messages.plan(facts.plan()));
                case RunState.Failed failed -> new Words(false, failed.reason().name(), failed.message());
            };
        }
    }
}
