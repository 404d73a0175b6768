package io.vlfinetune.cli;

import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.FailureStatus;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.contract.Reason;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/** Whether and how a run ended, as its status tells. */
final class RunEnd {
    /** For reasons that only the operator knows. */
    private static final int OTHER = 1;

    private RunEnd() {}

    static VLFineTuneStatus status(VLFineTune run) {
        return Objects.requireNonNullElse(run.getStatus(), VLFineTuneStatus.EMPTY);
    }

    static Optional<Condition> condition(VLFineTune run, ConditionType type) {
        return status(run).conditions().stream()
                .filter(condition -> condition.type().equals(type.name()))
                .findFirst();
    }

    /** Nothing more will happen by itself: it succeeded, it failed, or the operator refuses the declaration. */
    static boolean reached(VLFineTune run) {
        Phase phase = status(run).phase();
        return phase == Phase.Succeeded || phase == Phase.Failed || stalled(run).isPresent();
    }

    private static Optional<Condition> stalled(VLFineTune run) {
        return condition(run, ConditionType.Stalled)
                .filter(condition -> condition.status().equals("True"));
    }

    static boolean succeeded(VLFineTune run) {
        return status(run).phase() == Phase.Succeeded;
    }

    /** The trainer's exit code in the last attempt; that of the reason, where no trainer ended; 1 for any other. */
    static int exitCode(VLFineTune run) {
        if (succeeded(run)) {
            return ExitCodes.DONE;
        }
        FailureStatus failure = status(run).failure();
        if (failure != null && failure.exitCode() != null && failure.exitCode() != 0) {
            return failure.exitCode();
        }
        String reason = reason(run);
        return Arrays.stream(Reason.values())
                .filter(known -> known.name().equals(reason))
                .findFirst()
                .map(known -> known.exitCode().orElse(OTHER))
                .orElse(OTHER);
    }

    private static String reason(VLFineTune run) {
        FailureStatus failure = status(run).failure();
        return failure != null
                ? failure.reason()
                : stalled(run).map(Condition::reason).orElse("");
    }

    /** The end in a sentence, for a person. */
    static String message(VLFineTune run) {
        String name = run.getMetadata().getName();
        if (succeeded(run)) {
            String message = condition(run, ConditionType.Succeeded)
                    .map(Condition::message)
                    .orElse("done");
            return name + " succeeded: " + message;
        }
        FailureStatus failure = status(run).failure();
        String cause = failure != null
                ? failure.message()
                : stalled(run).map(Condition::message).orElse("no message");
        return name + " failed: " + reason(run) + " (exit code " + exitCode(run) + "): " + cause;
    }
}
