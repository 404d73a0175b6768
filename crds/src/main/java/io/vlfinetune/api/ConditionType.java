package io.vlfinetune.api;

/** The types of conditions in a run's status. */
public enum ConditionType {
    /** The declared run is in force (kstatus). */
    Ready,
    /** The operator is still at work on the latest generation (kstatus). */
    Reconciling,
    /** The operator cannot go on without a change (kstatus). */
    Stalled,
    /** No trainer runs, because the run was suspended; False with reason Suspending until its pod has stopped. */
    Suspended,
    /** What Kueue says of the attempt's quota; absent without a queue. */
    QuotaReserved,
    /** The freeze plan is known; the message says what is trained. */
    PlanResolved,
    /** A trainer is at work. */
    Running,
    /** The trainer's heartbeat is fresh; the message is its progress in words. */
    Progressing,
    /** A complete checkpoint exists from which a next attempt resumes. */
    CheckpointAvailable,
    /** The run reached its end; the message carries metrics and proof. */
    Succeeded,
    /** The run will not be tried again. */
    Failed
}
