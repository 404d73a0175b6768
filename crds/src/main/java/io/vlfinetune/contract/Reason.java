package io.vlfinetune.contract;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Why a run failed, as it stands in conditions, events and the trainer's last word, with the exit code by which the
 * trainer says it. Reasons without a code are known to the operator alone.
 */
public enum Reason {
    /** The declaration cannot be carried out as written. */
    InvalidSpec(10, Retry.Never),
    /** A sample, an image or a data file is broken. */
    DataInvalid(11, Retry.Never),
    /** The checkpoint is damaged or of a kind that is not supported. */
    ModelUnsupported(12, Retry.Never),
    /** A credential was refused. */
    CredentialsRejected(13, Retry.Never),
    /** The loss or a gradient is no longer a finite number. */
    Diverged(14, Retry.Never),
    /** A tensor that was declared frozen differs from the base model. */
    FrozenTensorChanged(15, Retry.Never),
    /** The plan cannot fit into the memory limit. */
    DoesNotFit(16, Retry.Never),
    /** Memory ran out. */
    OutOfMemory(20, Retry.Once),
    /** Model or data could not be reached. */
    SourceUnavailable(30, Retry.Counted),
    /** The trained model could not be written to its destination. */
    OutputFailed(50, Retry.Counted),
    /** Everything else that went wrong in the trainer. */
    TrainerError(70, Retry.Counted),
    /** The trainer was silent for longer than lifecycle.progressTimeout, and lifecycle.onNoHeartbeat is Restart. */
    NoHeartbeat(-1, Retry.Counted),
    /** The run was active for longer than lifecycle.activeDeadline. */
    DeadlineExceeded(-1, Retry.Never),
    /** An attempt waited for its trainer for longer than lifecycle.pendingDeadline. */
    PendingDeadlineExceeded(-1, Retry.Never),
    /** Every allowed attempt failed. */
    MaxRestartsExceeded(-1, Retry.Never);

    /** Whether another attempt may follow. */
    public enum Retry {
        /** Permanent: the same thing would happen again. */
        Never,
        /** One more attempt, whatever the limit. */
        Once,
        /** Until the limit of restarts. */
        Counted
    }

    private final int code;
    private final Retry retry;

    Reason(int code, Retry retry) {
        this.code = code;
        this.retry = retry;
    }

    /** The trainer's exit code; empty for a reason that only the operator knows. */
    public OptionalInt exitCode() {
        return code < 0 ? OptionalInt.empty() : OptionalInt.of(code);
    }

    /** Whether another attempt may follow. */
    public Retry retry() {
        return retry;
    }

    /** The reason behind a trainer's exit code; empty for success, a stop, and codes that are not ours. */
    public static Optional<Reason> ofExitCode(int code) {
        return Arrays.stream(values())
                .filter(reason -> reason.code == code && code > 0)
                .findFirst();
    }
}
