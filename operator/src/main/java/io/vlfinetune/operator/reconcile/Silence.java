package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.FailureStatus;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.operator.attempt.AttemptEnd;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.attempt.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** A trainer that gives no sign of life. */
final class Silence {
    private Silence() {}

    /**
     * Since when the trainer of an attempt is silent: since its last report, or since its container was started, whose
     * first report follows at once. Empty while there is no container, whatever its predecessor said.
     */
    static Optional<Instant> since(Situation situation, AttemptFacts attempt) {
        return attempt.reported()
                .or(() -> situation.liveChannel() ? attempt.pod().map(PodFacts::runningSince) : Optional.empty());
    }

    /** When the silence of an attempt is too long. */
    static Optional<Instant> deadline(Situation situation, AttemptFacts attempt) {
        Optional<Duration> patience =
                Times.duration(situation.run().getSpec().lifecycle().progressTimeout());
        return since(situation, attempt).flatMap(since -> patience.map(since::plus));
    }

    /** What is said of it. */
    static String message(Situation situation, AttemptFacts attempt) {
        return "no sign of the trainer since %s, for longer than spec.lifecycle.progressTimeout %s; see the log of pod %s"
                .formatted(
                        since(situation, attempt).map(Times::format).orElse("its start"),
                        situation.run().getSpec().lifecycle().progressTimeout(),
                        attempt.pod().map(PodFacts::name).orElse("that is gone"));
    }

    /** The end of an attempt that was given up. */
    static AttemptEnd end(AttemptFacts attempt, Instant time) {
        String message = "the trainer gave no sign of life for longer than spec.lifecycle.progressTimeout";
        return new AttemptEnd.Failed(
                time,
                Reason.NoHeartbeat,
                new FailureStatus(
                        Reason.NoHeartbeat.name(),
                        null,
                        null,
                        attempt.pod().map(PodFacts::name).orElse(null),
                        message,
                        null));
    }
}
