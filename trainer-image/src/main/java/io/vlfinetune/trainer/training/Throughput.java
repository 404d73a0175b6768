package io.vlfinetune.trainer.training;

/** Work and time of this attempt's training steps, evaluations apart. */
final class Throughput {
    private long steps;
    private long samples;
    private long tokens;
    private double seconds;

    void add(long moreSamples, long moreTokens, double moreSeconds) {
        steps++;
        samples += moreSamples;
        tokens += moreTokens;
        seconds += moreSeconds;
    }

    double samplesPerSecond() {
        return samples / seconds;
    }

    double tokensPerSecond() {
        return tokens / seconds;
    }

    /** Estimated seconds of so many further steps. */
    long estimate(long furtherSteps) {
        return Math.round(furtherSteps * seconds / steps);
    }
}
