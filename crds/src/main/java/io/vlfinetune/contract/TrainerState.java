package io.vlfinetune.contract;

/** What a trainer is doing when it reports. */
public enum TrainerState {
    /** Reading model and data, resolving the plan. */
    Preparing,
    /** Taking optimizer steps. */
    Training,
    /** Evaluating. */
    Evaluating,
    /** Writing the output and comparing frozen tensors. */
    Finishing,
    /** Ended; the last word says how. */
    Ended
}
