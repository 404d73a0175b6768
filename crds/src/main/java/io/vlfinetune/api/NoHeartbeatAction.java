package io.vlfinetune.api;

/** What happens to an attempt whose trainer is silent for too long. */
public enum NoHeartbeatAction {
    /** A condition says so; the attempt goes on, and so does the condition once the trainer speaks again. */
    Report,
    /** The attempt is stopped and counts as failed; the next one resumes from its checkpoint. */
    Restart
}
