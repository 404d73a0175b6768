package io.vlfinetune.operator.attempt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vlfinetune.api.FailureStatus;
import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Tells how an attempt ended from its Job, its pod and the trainer's last word. A DisruptionTarget on a pod is not
 * looked at: a drain stamps it on pods that failed long before.
 */
public final class EndClassifier {
    /** How long a complete Job waits for a last word that is still on its way through the caches. */
    public static final Duration GRACE = Duration.ofSeconds(2);

    private static final Pattern EXIT_CODE = Pattern.compile("exit code ([0-9]{1,3})\\b");
    private static final int LOG_TAIL_CHARACTERS = 2000;
    private static final ObjectMapper JSON = Json.strict();

    private EndClassifier() {}

    /**
     * How the attempt ended; empty while it has not (a Job without an end, a pod that may still run), or while the caches do not show all of its end yet.
     *
     * @param attempt an attempt whose Job was made once
     * @param now the time
     */
    public static Optional<AttemptEnd> classify(AttemptFacts attempt, Instant now) {
        JobFacts job = attempt.job();
        if (attempt.pods().stream().anyMatch(pod -> !pod.terminal())) {
            return Optional.empty();
        }
        if (job == null) {
            return Optional.of(vanished(attempt, now));
        }
        JobFacts.End end = job.end();
        if (end == null) {
            return Optional.empty();
        }
        Optional<LastWord> word = lastWord(attempt, end);
        if (!end.complete()) {
            return Optional.of(failed(attempt, end, word));
        }
        boolean early = now.isBefore(end.time().plus(GRACE));
        return word.isEmpty() && early ? Optional.empty() : Optional.of(complete(attempt, end, word));
    }

    /** Somebody deleted the Job. The progress object may still say how it ended; otherwise the next attempt goes on. */
    private static AttemptEnd vanished(AttemptFacts attempt, Instant now) {
        Optional<LastWord> word = spoken(attempt);
        if (word.isEmpty() || word.get().outcome() == LastWord.Outcome.Stopped) {
            return new AttemptEnd.Stopped(now, "the Job of attempt " + attempt.number() + " was deleted");
        }
        return switch (word.get().outcome()) {
            case Succeeded -> succeeded(attempt, now, word.get());
            case Planned -> new AttemptEnd.Planned(now, word.get());
            case Failed, Stopped ->
                new AttemptEnd.Failed(now, reason(word.get()), failure(attempt, reason(word.get()), word, null, ""));
        };
    }

    private static AttemptEnd complete(AttemptFacts attempt, JobFacts.End end, Optional<LastWord> word) {
        if (word.isPresent() && word.get().outcome() == LastWord.Outcome.Succeeded) {
            return succeeded(attempt, end.time(), word.get());
        }
        if (word.isPresent() && word.get().outcome() == LastWord.Outcome.Planned) {
            return new AttemptEnd.Planned(end.time(), word.get());
        }
        if (word.isPresent() && word.get().outcome() == LastWord.Outcome.Failed) {
            Reason reason = reason(word.get());
            return new AttemptEnd.Failed(end.time(), reason, failure(attempt, reason, word, 0, ""));
        }
        String message = "the trainer exited with code 0 but left no last word: its output cannot be trusted";
        return new AttemptEnd.Failed(
                end.time(), Reason.TrainerError, failure(attempt, Reason.TrainerError, Optional.empty(), 0, message));
    }

    private static AttemptEnd succeeded(AttemptFacts attempt, Instant time, LastWord word) {
        if (word.proof() == null || word.proof().frozenTensors() == null || word.output() == null) {
            String message = "the trainer reported success without "
                    + (word.output() == null ? "an output" : "a proof that frozen tensors are unchanged");
            return new AttemptEnd.Failed(
                    time, Reason.TrainerError, failure(attempt, Reason.TrainerError, Optional.empty(), null, message));
        }
        if (!word.proof().holds()) {
            String message = "only %s of %s frozen tensors equal the base model"
                    .formatted(word.proof().verified(), word.proof().frozenTensors());
            Reason reason = Reason.FrozenTensorChanged;
            return new AttemptEnd.Failed(time, reason, failure(attempt, reason, Optional.empty(), null, message));
        }
        return new AttemptEnd.Succeeded(time, word);
    }

    private static AttemptEnd failed(AttemptFacts attempt, JobFacts.End end, Optional<LastWord> word) {
        Integer exitCode = exitCode(attempt, end);
        Optional<LastWord> failure = word.filter(value -> value.outcome() == LastWord.Outcome.Failed);
        boolean stopped = word.isPresent() && word.get().outcome() == LastWord.Outcome.Stopped;
        if (failure.isEmpty() && (stopped || (exitCode != null && exitCode == ExitCodes.STOPPED))) {
            String message = word.map(LastWord::message).orElse("the trainer was told to stop");
            return new AttemptEnd.Stopped(end.time(), message);
        }
        boolean oomKilled = attempt.pod().map(PodFacts::oomKilled).orElse(false);
        if (failure.isEmpty()
                && exitCode == null
                && !oomKilled
                && attempt.pods().isEmpty()
                && !ownFault(end)) {
            return new AttemptEnd.Stopped(end.time(), "the pod was deleted and left no word: " + end.message());
        }
        Reason reason = failure.map(EndClassifier::reason)
                .or(() -> Optional.ofNullable(exitCode).flatMap(Reason::ofExitCode))
                .orElse(oomKilled ? Reason.OutOfMemory : Reason.TrainerError);
        return new AttemptEnd.Failed(end.time(), reason, failure(attempt, reason, failure, exitCode, end.message()));
    }

    /** Whether the Job says that the pod failed by itself, even though the pod is gone. */
    private static boolean ownFault(JobFacts.End end) {
        return end.reason().equals("PodFailurePolicy");
    }

    /** Exit code of the pod; failing that, the one in the message of a Job that failed by its pod failure policy. */
    private static @Nullable Integer exitCode(AttemptFacts attempt, JobFacts.End end) {
        Optional<Integer> pod = attempt.pod().map(PodFacts::exitCode);
        if (pod.isPresent()) {
            return pod.get();
        }
        Matcher matcher = EXIT_CODE.matcher(end.message());
        return ownFault(end) && matcher.find() ? Integer.valueOf(matcher.group(1)) : null;
    }

    /** The pod's termination message, failing that the progress object's; only one that agrees with the Job's end. */
    private static Optional<LastWord> lastWord(AttemptFacts attempt, JobFacts.End end) {
        Integer exitCode = exitCode(attempt, end);
        return spoken(attempt).filter(word -> agrees(word, end, exitCode));
    }

    private static Optional<LastWord> spoken(AttemptFacts attempt) {
        return attempt.pod()
                .flatMap(pod -> parse(pod.terminationMessage()))
                .filter(word -> word.attempt() != null && word.attempt() == attempt.number())
                .or(() -> reported(attempt));
    }

    private static boolean agrees(LastWord word, JobFacts.End end, @Nullable Integer exitCode) {
        return switch (word.outcome()) {
            case Succeeded, Planned -> end.complete();
            case Failed -> true;
            case Stopped -> !end.complete() && (exitCode == null || exitCode == ExitCodes.STOPPED);
        };
    }

    /**
     * The last word in the progress object. A replaced pod of the same attempt shares the object, so that the word of
     * the pod before may still stand there: it counts only while the report says that the trainer has ended.
     */
    private static Optional<LastWord> reported(AttemptFacts attempt) {
        return attempt.lastReport()
                .map(ProgressReport::lastWord)
                .filter(word -> word.outcome() != null && word.attempt() != null && word.attempt() == attempt.number());
    }

    private static Optional<LastWord> parse(@Nullable String message) {
        if (message == null || message.isBlank()) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(JSON.readValue(message, LastWord.class)).filter(word -> word.outcome() != null);
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private static Reason reason(LastWord word) {
        return word.reason() == null ? Reason.TrainerError : word.reason();
    }

    private static FailureStatus failure(
            AttemptFacts attempt,
            Reason reason,
            Optional<LastWord> word,
            @Nullable Integer exitCode,
            String otherwise) {
        Optional<PodFacts> pod = attempt.pod();
        boolean oomKilled = pod.map(PodFacts::oomKilled).orElse(false);
        String message = word.map(LastWord::message)
                .filter(text -> !text.isBlank())
                .orElseGet(() -> describe(exitCode, oomKilled, otherwise));
        String logTail = word.map(LastWord::logTail)
                .or(() -> pod.map(PodFacts::terminationMessage)
                        .filter(text -> parse(text).isEmpty()))
                .map(EndClassifier::tail)
                .orElse(null);
        return new FailureStatus(
                reason.name(),
                exitCode,
                oomKilled ? true : null,
                pod.map(PodFacts::name).orElse(null),
                message,
                logTail);
    }

    private static String describe(@Nullable Integer exitCode, boolean oomKilled, String otherwise) {
        if (oomKilled) {
            return "the trainer was killed for want of memory: raise spec.resources.memory or lower training.batchSize";
        }
        if (exitCode != null && exitCode != ExitCodes.DONE) {
            return "the trainer exited with code " + exitCode + " and left no last word";
        }
        return otherwise.isBlank() ? "the trainer left no last word" : otherwise;
    }

    private static String tail(String text) {
        return text.length() <= LOG_TAIL_CHARACTERS ? text : text.substring(text.length() - LOG_TAIL_CHARACTERS);
    }
}
