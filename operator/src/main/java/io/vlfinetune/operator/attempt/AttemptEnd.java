package io.vlfinetune.operator.attempt;

import io.vlfinetune.api.FailureStatus;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import java.time.Instant;

/** How an attempt ended. */
public sealed interface AttemptEnd {
    /** When it ended. */
    Instant time();

    /** One word for the list of attempts. */
    String word();

    /** The output is committed and the proof holds. */
    record Succeeded(Instant time, LastWord lastWord) implements AttemptEnd {
        @Override
        public String word() {
            return "Succeeded";
        }
    }

    /** The freeze plan is resolved, and nothing else was asked for. */
    record Planned(Instant time, LastWord lastWord) implements AttemptEnd {
        @Override
        public String word() {
            return "Planned";
        }
    }

    /** It was told to stop, or vanished; the next attempt goes on, and this one does not count. */
    record Stopped(Instant time, String message) implements AttemptEnd {
        /** {@link #word()} of such an end. */
        public static final String WORD = "Stopped";

        @Override
        public String word() {
            return WORD;
        }
    }

    /** It failed. */
    record Failed(Instant time, Reason reason, FailureStatus failure) implements AttemptEnd {
        @Override
        public String word() {
            return reason.name();
        }
    }
}
