package io.vlfinetune.cli.report;

import java.util.List;
import java.util.Map;

/**
 * What {@code metrics.jsonl} tells, thinned out to what a chart can show.
 *
 * @param spans the steps in order; each span holds {@code stride} steps, the last one perhaps fewer
 * @param stride steps in a span
 * @param steps steps in the file
 * @param evaluations the evaluations of each set in order
 * @param unreadable lines that are no JSON, such as a torn last line
 */
public record RunMetrics(
        List<StepSpan> spans, long stride, long steps, Map<String, List<Evaluation>> evaluations, long unreadable) {
    /** Nothing was measured. */
    public static final RunMetrics NONE = new RunMetrics(List.of(), 1, 0, Map.of(), 0);

    /**
     * One evaluation.
     *
     * @param step completed steps
     * @param loss mean cross entropy
     * @param accuracy share of samples whose answer is right
     */
    record Evaluation(long step, double loss, double accuracy) {}

    /** Training samples a second over all steps; NaN where nothing was measured. */
    double samplesPerSecond() {
        double seconds = seconds();
        return seconds > 0
                ? (double) spans.stream().mapToLong(StepSpan::samples).sum() / seconds
                : Double.NaN;
    }

    /** Wall time of all steps in seconds. */
    double seconds() {
        return spans.stream().mapToDouble(StepSpan::seconds).sum();
    }

    /** Largest resident memory of the trainer in bytes; 0 where nothing was measured. */
    long peakMemoryBytes() {
        return spans.stream().mapToLong(StepSpan::peakMemoryBytes).max().orElse(0);
    }

    /** Keeps a copy of the spans; the map keeps its order. */
    public RunMetrics {
        spans = List.copyOf(spans);
    }
}
