package io.vlfinetune.operator.attempt;

import java.time.Duration;

/**
 * How long a restart waits: doubled each time, at most ten minutes, stretched by up to a fifth so that runs that fell
 * together do not rise together.
 *
 * @param first wait before the first restart
 * @param jitter where in the fifth an attempt lies
 */
public record Backoff(Duration first, Jitter jitter) {
    private static final Duration CAP = Duration.ofMinutes(10);
    private static final double STRETCH = 0.2;
    private static final int MAX_DOUBLINGS = 30;

    /**
     * A number in [0, 1) for an attempt. It must be the same at each call, since the time of the next attempt is
     * computed anew at each reconcile.
     */
    @FunctionalInterface
    public interface Jitter {
        /** Jitter of an attempt of the run with this uid. */
        double of(String uid, int attempt);
    }

    /** Jitter from a hash: no state, and different runs differ. */
    public static Jitter hashed() {
        return (uid, attempt) -> Math.floorMod((uid + "/" + attempt).hashCode() * 0x9E3779B9, 1 << 16) / 65536.0;
    }

    /**
     * Wait before the next attempt.
     *
     * @param uid identity of the run
     * @param attempt number of the next attempt
     * @param failures failures so far, at least 1
     */
    public Duration before(String uid, int attempt, int failures) {
        int doublings = Math.min(Math.max(failures, 1) - 1, MAX_DOUBLINGS);
        double millis = (double) first.toMillis() * Math.pow(2, doublings) * (1 + STRETCH * jitter.of(uid, attempt));
        return Duration.ofMillis((long) Math.min(millis, (double) CAP.toMillis()));
    }
}
