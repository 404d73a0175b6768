package io.vlfinetune.operator.reconcile;

import io.javaoperatorsdk.operator.processing.retry.Retry;
import io.javaoperatorsdk.operator.processing.retry.RetryExecution;
import java.time.Duration;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/**
 * Tries a failed reconcile again without end, from one second to five minutes apart. JOSDK's own gives up after five
 * attempts and has no jitter.
 *
 * @param random numbers in [0, 1)
 */
record EndlessRetry(DoubleSupplier random) implements Retry {
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration CAP = Duration.ofMinutes(5);
    private static final int MAX_DOUBLINGS = 20;

    @Override
    public RetryExecution initExecution() {
        return new Execution(random);
    }

    private static final class Execution implements RetryExecution {
        private final DoubleSupplier random;
        private int attempts;

        Execution(DoubleSupplier random) {
            this.random = random;
        }

        @Override
        public Optional<Long> nextDelay() {
            long doubled = FIRST.toMillis() << Math.min(attempts, MAX_DOUBLINGS);
            attempts++;
            double capped = (double) Math.min(doubled, CAP.toMillis());
            return Optional.of((long) (capped * (1 - random.getAsDouble() / 2)));
        }

        @Override
        public int getAttemptCount() {
            return attempts;
        }

        @Override
        public boolean isLastAttempt() {
            return false;
        }
    }
}
