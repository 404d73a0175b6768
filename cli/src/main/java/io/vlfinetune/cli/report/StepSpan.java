package io.vlfinetune.cli.report;

import io.vlfinetune.api.Part;
import java.util.Map;

/**
 * One step, or several that follow each other, as a chart shows them.
 *
 * @param first first step
 * @param last last step
 * @param loss training loss
 * @param gradientNorm global norm of the gradients before clipping
 * @param learningRates learning rate of each trained part in the last step
 * @param samples training samples of all steps
 * @param tokens tokens of all steps
 * @param seconds wall time of all steps
 * @param peakMemoryBytes largest resident memory up to the last step
 */
record StepSpan(
        long first,
        long last,
        Spread loss,
        Spread gradientNorm,
        Map<Part, Double> learningRates,
        long samples,
        long tokens,
        double seconds,
        long peakMemoryBytes) {
    StepSpan {
        learningRates = Map.copyOf(learningRates);
    }

    /**
     * Smallest, mean and largest of what was measured; a thinned chart still shows every spike.
     *
     * @param low smallest value
     * @param mean mean value
     * @param high largest value
     * @param count values in it; those that are no number are not counted
     */
    record Spread(double low, double mean, double high, long count) {
        static Spread of(double value) {
            return new Spread(value, value, value, Double.isFinite(value) ? 1 : 0);
        }

        Spread and(Spread other) {
            if (other.count == 0) {
                return this;
            } else if (count == 0) {
                return other;
            }
            long both = count + other.count;
            return new Spread(
                    Math.min(low, other.low),
                    (mean * (double) count + other.mean * (double) other.count) / (double) both,
                    Math.max(high, other.high),
                    both);
        }
    }

    /** This span and the one that follows it, as one. */
    StepSpan and(StepSpan next) {
        return new StepSpan(
                first,
                next.last,
                loss.and(next.loss),
                gradientNorm.and(next.gradientNorm),
                next.learningRates,
                samples + next.samples,
                tokens + next.tokens,
                seconds + next.seconds,
                Math.max(peakMemoryBytes, next.peakMemoryBytes));
    }
}
