package io.vlfinetune.api;

/** One word for where a run stands, computed from its conditions. */
public enum Phase {
    /** Accepted; nothing is running yet. */
    Pending,
    /** Kueue has not admitted the attempt yet. */
    Queued,
    /** A Job exists; the trainer has not reported yet. */
    Starting,
    /** The trainer reports. */
    Running,
    /** Told to stop; its pod has not ended yet. */
    Suspending,
    /** Stopped until it is resumed. */
    Suspended,
    /** An attempt ended and the next one waits for its time. */
    Restarting,
    /** The output is committed and the proof holds. */
    Succeeded,
    /** No further attempt will be made. */
    Failed
}
