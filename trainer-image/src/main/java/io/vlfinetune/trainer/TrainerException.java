package io.vlfinetune.trainer;

import io.vlfinetune.contract.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Ends a run for a reason that a user can act on. The message says what, where (file, line, field path) and what to
 * do; it stands in the run's status as it is.
 */
public final class TrainerException extends RuntimeException {
    private final Reason reason;

    /** A failure with a message for the user. */
    public TrainerException(Reason reason, String message) {
        this(reason, message, null);
    }

    /** A failure with a message for the user and the problem beneath it. */
    public TrainerException(Reason reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** The reason, which also is the exit code. */
    public Reason reason() {
        return reason;
    }
}
