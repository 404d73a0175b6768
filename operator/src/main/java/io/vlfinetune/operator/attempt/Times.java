package io.vlfinetune.operator.attempt;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Times as Kubernetes writes them: RFC 3339 in whole seconds. */
public final class Times {
    private Times() {}

    /** Reads a time; empty where it is absent or unreadable. */
    public static Optional<Instant> parse(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /** Writes a time. */
    public static String format(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** Reads a duration of a spec, such as 24h, 90s or 1h30m; empty where it is absent. */
    public static Optional<Duration> duration(@Nullable String text) {
        return Optional.ofNullable(text).map(value -> Duration.parse("PT" + value.toUpperCase(Locale.ROOT)));
    }
}
