package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.operator.attempt.AttemptEnd;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.attempt.Times;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

/** The list of attempts in a run's status: the latest five. */
final class Attempts {
    private static final int KEPT = 5;

    private Attempts() {}

    /** The list up to an attempt that exists or is about to be started. */
    static List<AttemptStatus> list(Situation situation, int latest, boolean givesUp) {
        List<AttemptStatus> all = IntStream.rangeClosed(1, latest)
                .mapToObj(number -> entry(situation, number))
                .flatMap(Optional::stream)
                .map(entry -> givesUp && entry.number() == situation.top() ? givenUp(situation, entry) : entry)
                .toList();
        return all.subList(Math.max(0, all.size() - KEPT), all.size());
    }

    private static Optional<AttemptStatus> entry(Situation situation, int number) {
        Optional<AttemptStatus> recorded = situation.recorded(number);
        Optional<AttemptFacts> observed = situation.observed().attempt(number).filter(attempt -> attempt.job() != null);
        if (recorded.isPresent() && (observed.isEmpty() || recorded.get().endTime() != null)) {
            return situation
                                    .current()
                                    .filter(current -> current.number() == number && current.job() == null)
                                    .isPresent()
                            && recorded.get().endTime() == null
                    ? Optional.of(ended(situation, situation.current().get(), recorded.get()))
                    : recorded;
        }
        if (observed.isEmpty()) {
            return number > situation.top() || situation.current().isEmpty()
                    ? Optional.of(new AttemptStatus(number, Times.format(situation.now()), null, null, null, null))
                    : Optional.empty();
        }
        String start = recorded.map(AttemptStatus::startTime)
                .orElseGet(() -> Times.format(
                        Objects.requireNonNull(observed.get().job()).created()));
        return Optional.of(ended(
                situation,
                observed.get(),
                new AttemptStatus(
                        number,
                        start,
                        null,
                        null,
                        null,
                        recorded.map(AttemptStatus::pod).orElse(null))));
    }

    private static String word(Situation situation, AttemptEnd end) {
        boolean suspended = end instanceof AttemptEnd.Stopped
                && situation.run().getSpec().lifecycle().suspend();
        return suspended ? SuspendPolicy.WORD : end.word();
    }

    private static AttemptStatus givenUp(Situation situation, AttemptStatus known) {
        return new AttemptStatus(
                known.number(),
                known.startTime(),
                Times.format(situation.now()),
                Reason.NoHeartbeat.name(),
                known.resumedFromStep(),
                known.pod());
    }

    private static AttemptStatus ended(Situation situation, AttemptFacts attempt, AttemptStatus known) {
        Optional<AttemptEnd> end = situation.end(attempt);
        return new AttemptStatus(
                known.number(),
                known.startTime(),
                end.map(value -> Times.format(value.time())).orElse(null),
                end.map(value -> word(situation, value)).orElse(null),
                attempt.ownReport().map(ProgressReport::resumedFromStep).orElse(known.resumedFromStep()),
                attempt.pod().map(PodFacts::name).orElse(known.pod()));
    }
}
