package io.vlfinetune.operator.queue;

import io.vlfinetune.api.Condition;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a run's status says of the queue that its present Job is in. */
public final class Queueing {
    /** How long Kueue's first word is waited for before its silence is worth a write. */
    public static final Duration GRACE = Duration.ofSeconds(5);

    private Queueing() {}

    /**
     * What condition QuotaReserved is to say: Kueue's words, but the message as it stands while status and reason stay the
     * same, since Kueue rewrites it whenever a queue moves. While nothing is heard, what was said stays.
     *
     * @param before the condition as it stands; null: none
     * @param admission whether the Job may have pods
     * @param age age of the Job
     * @return null: there is nothing to say
     */
    public static @Nullable QuotaFacts said(@Nullable Condition before, Admission admission, Duration age) {
        if (admission.queue() == null) {
            return null;
        }
        QuotaFacts known = before == null ? null : read(before);
        QuotaFacts heard = admission.quota();
        // Between Kueue's word and the Job's suspension pods still run: both are told together.
        boolean early = heard != null && !heard.reserved() && !admission.suspended();
        if (heard == null || early) {
            boolean silent = known == null && admission.suspended() && age.compareTo(GRACE) >= 0;
            return silent
                    ? new QuotaFacts(false, false, "NoAnswer", "the Job is suspended and Kueue has not said why")
                    : known;
        }
        return known != null
                        && known.reserved() == heard.reserved()
                        && known.reason().equals(heard.reason())
                ? new QuotaFacts(heard.reserved(), heard.admitted(), heard.reason(), known.message())
                : heard;
    }

    /** Kueue lets a Job go in the moment in which it admits it. */
    private static QuotaFacts read(Condition condition) {
        boolean reserved = "True".equals(condition.status());
        return new QuotaFacts(reserved, reserved, condition.reason(), condition.message());
    }

    /**
     * What keeps a Job from having pods, such as {@code attempt 1 waits in queue team: couldn't assign flavors …}; empty
     * where nothing does, or it is about to be let go.
     *
     * @param attempt number of the attempt
     * @param admission whether its Job may have pods
     * @param said what the status says of its quota; null: nothing
     */
    public static Optional<String> obstacle(int attempt, Admission admission, @Nullable QuotaFacts said) {
        if (!admission.suspended()) {
            return Optional.empty();
        }
        if (admission.queue() == null) {
            return Optional.of("attempt %d is held back: spec.suspend of its Job is true".formatted(attempt));
        }
        if (said == null || said.admitted()) {
            return Optional.of("attempt %d starts".formatted(attempt));
        }
        String why = said.reserved() ? "quota is reserved, admission checks are not through" : said.message();
        return Optional.of("attempt %d waits in queue %s: %s".formatted(attempt, admission.queue(), why));
    }
}
