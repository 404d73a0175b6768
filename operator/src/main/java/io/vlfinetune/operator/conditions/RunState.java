package io.vlfinetune.operator.conditions;

import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.TrainerState;
import org.jspecify.annotations.Nullable;

/** Where a run stands, as the planner decided; conditions say it to the world. */
public sealed interface RunState {
    /** The spec cannot be carried out; a change of it recovers. */
    record Invalid(String message) implements RunState {}

    /** Nothing is in force yet. */
    record Pending(String reason, String message) implements RunState {}

    /** A Job exists and its trainer has not reported yet. */
    record Starting(String message) implements RunState {}

    /** The trainer is at work. */
    record Running(TrainerState trainer, String message) implements RunState {}

    /** An attempt ended and the next one waits. */
    record Restarting(String message) implements RunState {}

    /** Pods were preempted or evicted, and the Job brings another one; no attempt is counted. */
    record Preempted(String message) implements RunState {}

    /**
     * The trainer gives no sign of life; its attempt goes on.
     *
     * @param message since when, and where to look
     * @param awaited reason why the attempt was not at work before, as Starting; null: it was
     */
    record Silent(String message, @Nullable String awaited) implements RunState {}

    /** Told to stop; its trainer has not ended yet. */
    record Suspending(String message) implements RunState {}

    /** Stopped until it is resumed. */
    record Suspended(String message) implements RunState {}

    /** The output is committed and the proof holds. */
    record Succeeded(LastWord lastWord) implements RunState {}

    /** The freeze plan is resolved and reported, and nothing else was asked for. */
    record Planned() implements RunState {}

    /** No further attempt will be made. */
    record Failed(Reason reason, String message) implements RunState {}
}
