package io.vlfinetune.cli.report;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.Part;
import io.vlfinetune.cli.report.LineChart.Look;
import io.vlfinetune.cli.report.LineChart.Point;
import io.vlfinetune.cli.report.LineChart.Series;
import io.vlfinetune.cli.report.RunMetrics.Evaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** The charts of one run. */
final class Curves {
    /** Of this share of the run, a smoothed value is the mean. */
    private static final int WINDOWS = 20;

    private static final double MEBI = 1 << 20;
    private static final double GIBI = 1 << 30;
    /** From here on memory is counted in GiB. */
    private static final double LARGE = 4 * GIBI;

    private final RunReport run;
    private final RunMetrics metrics;
    private final long lastStep;
    private final List<Long> resumed;

    Curves(RunReport run) {
        this.run = run;
        this.metrics = run.metrics();
        this.lastStep = lastStep(metrics);
        this.resumed = run.status().attempts().stream()
                .map(AttemptStatus::resumedFromStep)
                .filter(step -> step != null && step > 0 && step <= lastStep)
                .toList();
    }

    /** The last step of which anything is known. */
    static long lastStep(RunMetrics metrics) {
        long last = metrics.spans().isEmpty() ? 0 : metrics.spans().getLast().last();
        for (List<Evaluation> set : metrics.evaluations().values()) {
            last = Math.max(last, set.getLast().step());
        }
        return last;
    }

    /** How training went: six charts, each in a figure. */
    void draw(Html html) {
        chart("Training loss", "mean cross entropy of target tokens", 0, true, withRaw(StepSpan::loss))
                .draw(html);
        chart("Evaluation loss", "mean cross entropy of target tokens", 0, true, evaluations(metrics, Evaluation::loss))
                .draw(html);
        chart(
                        "Evaluation accuracy",
                        "share of samples answered right",
                        1,
                        false,
                        evaluations(metrics, Evaluation::accuracy))
                .draw(html);
        chart("Learning rate", "per part that is trained", 0, false, rates()).draw(html);
        chart("Gradient norm", "global norm before clipping", 0, true, withRaw(StepSpan::gradientNorm))
                .draw(html);
        chart("Throughput", "training samples a second", 0, false, throughput()).draw(html);
    }

    private LineChart chart(String title, String unit, double highest, boolean zoom, List<Series> series) {
        return new LineChart(title, unit, series, lastStep, resumed, highest, zoom, Figures::number);
    }

    private List<Series> withRaw(Function<StepSpan, StepSpan.Spread> value) {
        String each = metrics.stride() == 1
                ? "every step"
                : "smallest and largest of " + Figures.grouped(metrics.stride()) + " steps each";
        return List.of(new Series(each, Look.RAW, 0, raw(value)), smoothed(metrics, value, smoothing(metrics), 0));
    }

    private static String smoothing(RunMetrics metrics) {
        long steps = (2L * reach(metrics) + 1) * metrics.stride();
        return "smoothed: mean of " + Figures.grouped(steps) + " steps around";
    }

    private static int reach(RunMetrics metrics) {
        return Math.max(1, metrics.spans().size() / WINDOWS / 2);
    }

    private List<Point> raw(Function<StepSpan, StepSpan.Spread> value) {
        List<Point> points = new ArrayList<>();
        for (StepSpan span : metrics.spans()) {
            points.add(new Point(span.last(), value.apply(span).low()));
            if (metrics.stride() > 1) {
                points.add(new Point(span.last(), value.apply(span).high()));
            }
        }
        return points;
    }

    /** Means over a window that is centred at each span and cut off at the ends. */
    static Series smoothed(RunMetrics metrics, Function<StepSpan, StepSpan.Spread> value, String name, int number) {
        List<StepSpan> spans = metrics.spans();
        int reach = reach(metrics);
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < spans.size(); i++) {
            StepSpan.Spread window = value.apply(spans.get(i));
            for (int j = Math.max(0, i - reach); j <= Math.min(spans.size() - 1, i + reach); j++) {
                window = j == i ? window : window.and(value.apply(spans.get(j)));
            }
            points.add(new Point(spans.get(i).last(), window.mean()));
        }
        return new Series(name, Look.LINE, number, points);
    }

    static List<Series> evaluations(RunMetrics metrics, ToDoubleFunction<Evaluation> value) {
        List<Series> series = new ArrayList<>();
        for (Map.Entry<String, List<Evaluation>> set : metrics.evaluations().entrySet()) {
            series.add(new Series(set.getKey(), Look.MARKED, series.size(), points(set.getValue(), value)));
        }
        return series;
    }

    static List<Point> points(List<Evaluation> set, ToDoubleFunction<Evaluation> value) {
        return set.stream()
                .map(one -> new Point(one.step(), value.applyAsDouble(one)))
                .toList();
    }

    private List<Series> rates() {
        List<Series> series = new ArrayList<>();
        for (Part part : Part.values()) {
            List<Point> points = metrics.spans().stream()
                    .filter(span -> span.learningRates().containsKey(part))
                    .map(span -> new Point(span.last(), span.learningRates().getOrDefault(part, 0.0)))
                    .toList();
            if (!points.isEmpty()) {
                series.add(new Series(Figures.words(part), Look.LINE, series.size(), points));
            }
        }
        return series;
    }

    private List<Series> throughput() {
        List<Point> points = new ArrayList<>();
        List<StepSpan> spans = metrics.spans();
        int reach = reach(metrics);
        for (int i = 0; i < spans.size(); i++) {
            double samples = 0;
            double seconds = 0;
            for (int j = Math.max(0, i - reach); j <= Math.min(spans.size() - 1, i + reach); j++) {
                samples += (double) spans.get(j).samples();
                seconds += spans.get(j).seconds();
            }
            points.add(new Point(spans.get(i).last(), seconds > 0 ? samples / seconds : Double.NaN));
        }
        List<Point> each = spans.stream()
                .map(span -> new Point(
                        span.last(), span.seconds() > 0 ? (double) span.samples() / span.seconds() : Double.NaN))
                .toList();
        String raw = metrics.stride() == 1 ? "every step" : "every " + Figures.grouped(metrics.stride()) + " steps";
        return List.of(new Series(raw, Look.RAW, 0, each), new Series(smoothing(metrics), Look.LINE, 0, points));
    }

    /** Measured memory beside what the plan adds up to. */
    LineChart memory() {
        boolean large = metrics.spans().stream().anyMatch(span -> (double) span.peakMemoryBytes() >= LARGE);
        double unit = large ? GIBI : MEBI;
        List<Series> series = new ArrayList<>();
        series.add(new Series(
                "measured peak: resident memory of the trainer so far",
                Look.LINE,
                0,
                metrics.spans().stream()
                        .filter(span -> span.peakMemoryBytes() > 0)
                        .map(span -> new Point(span.last(), (double) span.peakMemoryBytes() / unit))
                        .toList()));
        if (run.plan() != null && lastStep > 0) {
            double planned = (double) PlanMemory.of(run.plan(), run.precision()).total() / unit;
            series.add(new Series(
                    "computed from the plan: weights + gradients + optimizer state",
                    Look.REFERENCE,
                    1,
                    List.of(new Point(0, planned), new Point(lastStep, planned))));
        }
        return new LineChart("Memory", large ? "GiB" : "MiB", series, lastStep, resumed, 0, false, Figures::number);
    }
}
