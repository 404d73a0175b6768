package io.vlfinetune.operator.reconcile;

import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.attempt.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** When time alone changes what is to be done with a run. */
final class Deadlines {
    /** A Job's controller makes a pod within seconds; at a thousand Jobs at once, within a minute. */
    static final Duration FIRST_POD = Duration.ofMinutes(1);

    private Deadlines() {}

    /** When the run will have been active for too long. */
    static Optional<Instant> active(Situation situation) {
        Optional<Instant> since = Times.parse(situation.before().activeSince());
        Duration used =
                Duration.ofSeconds(Objects.requireNonNullElse(situation.before().activeSeconds(), 0L));
        return Times.duration(situation.run().getSpec().lifecycle().activeDeadline())
                .flatMap(limit -> since.map(start -> start.plus(limit).minus(used)));
    }

    /** When the present attempt will have waited for its trainer's first report for too long. */
    static Optional<Instant> pending(Situation situation) {
        return situation
                .current()
                .filter(attempt -> attempt.ownReport().isEmpty()
                        && (situation.liveChannel()
                                || attempt.pod().filter(PodFacts::running).isEmpty()))
                .map(AttemptFacts::job)
                .filter(JobFacts::live)
                .flatMap(job -> Times.duration(
                                situation.run().getSpec().lifecycle().pendingDeadline())
                        .map(job.created()::plus));
    }

    /** When an attempt will have been without any pod for so long that its Job's controller must have been refused one. */
    static Optional<Instant> podless(Situation situation) {
        return situation
                .current()
                .filter(attempt ->
                        attempt.pods().isEmpty() && attempt.ownReport().isEmpty())
                .filter(_ -> !situation.heldBack())
                .map(AttemptFacts::job)
                .filter(job -> job.live() && !job.deleting())
                .map(job -> job.created().plus(FIRST_POD));
    }

    /** Pause until the first of them that is still to come, silence included; empty: none is. */
    static Optional<Duration> next(Situation situation) {
        Optional<Instant> silence = situation
                .current()
                .filter(attempt -> attempt.job() != null && attempt.job().live())
                .flatMap(attempt -> Silence.deadline(situation, attempt));
        return Stream.of(active(situation), pending(situation), podless(situation), silence)
                .flatMap(Optional::stream)
                .filter(due -> due.isAfter(situation.now()))
                .min(Comparator.naturalOrder())
                .map(due -> Duration.between(situation.now(), due));
    }
}
