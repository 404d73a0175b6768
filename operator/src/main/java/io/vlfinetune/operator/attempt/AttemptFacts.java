package io.vlfinetune.operator.attempt;

import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.TrainerState;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One attempt as its children show it.
 *
 * @param number number of the attempt, from 1
 * @param firstAttempt number of the first attempt of its series
 * @param job its Job; null: not made yet, or deleted
 * @param pods pods of that Job
 * @param report the trainer's latest report; null until the first
 */
public record AttemptFacts(
        int number,
        int firstAttempt,
        @Nullable JobFacts job,
        List<PodFacts> pods,
        @Nullable ProgressReport report) {
    /** Keeps a copy of the pods. */
    public AttemptFacts {
        pods = List.copyOf(pods);
    }

    /** The newest pod. */
    public Optional<PodFacts> pod() {
        return pods.stream().max(Comparator.comparing(PodFacts::created).thenComparing(PodFacts::name));
    }

    /** The trainer's latest report, if it is about this attempt. */
    public Optional<ProgressReport> ownReport() {
        return Optional.ofNullable(report).filter(value -> value.attempt() != null && value.attempt() == number);
    }

    /** When the present pod last reported; a report from before it was made is its predecessor's. */
    public Optional<Instant> reported() {
        return ownReport()
                .map(ProgressReport::time)
                .flatMap(Times::parse)
                .filter(time ->
                        pod().map(PodFacts::created).filter(time::isBefore).isEmpty());
    }

    /** The report by which the trainer says that it has ended. */
    public Optional<ProgressReport> lastReport() {
        return ownReport().filter(value -> value.state() == TrainerState.Ended);
    }
}
