package io.vlfinetune.cli.report;

import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.cli.report.LineChart.Look;
import io.vlfinetune.cli.report.LineChart.Series;
import io.vlfinetune.cli.report.RunMetrics.Evaluation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Several runs side by side, each with a link to its own page. */
public final class ComparisonPage {
    private static final String NONE = "–";

    private final List<RunReport> runs;

    private ComparisonPage(List<RunReport> runs) {
        this.runs = List.copyOf(runs);
    }

    /** The page, whole. */
    public static String html(String title, List<RunReport> runs) {
        ComparisonPage page = new ComparisonPage(runs);
        return Page.html(title + " – VLFineTune report", html -> page.body(html, title));
    }

    private void body(Html html, String title) {
        long succeeded = runs.stream().filter(RunReport::succeeded).count();
        boolean good = succeeded == runs.size();
        html.open("header").leaf("p", "VLFineTune comparison", "class", "kind").leaf("h1", title);
        html.open("p", "class", good ? "outcome good" : "outcome bad")
                .leaf("strong", (good ? "✓ " : "✗ ") + succeeded + " of " + runs.size() + " runs succeeded")
                .close()
                .closeLine();
        Page.section(html, "Results", this::results);
        Page.section(html, "What each run trains", this::plans);
        Page.section(html, "Course", this::course);
    }

    private void results(Html html) {
        Set<String> names = new LinkedHashSet<>();
        runs.forEach(run -> run.status().metrics().forEach(metric -> names.add(metric.name())));
        html.open("div", "class", "scroll").open("table");
        List<String> titles =
                new ArrayList<>(List.of("Run", "Trainable", "Steps", "Time in steps", "Samples/s", "Peak memory"));
        titles.addAll(names);
        Page.head(html, titles.toArray(String[]::new));
        html.open("tbody");
        baseline(html, names);
        runs.forEach(run -> row(html, run, names));
        html.close().close().closeLine();
        html.open("ul", "class", "outcomes");
        for (RunReport run : runs) {
            html.open("li").leaf("a", run.name(), "href", run.page());
            html.text(" – ")
                    .leaf("strong", Outcome.word(run))
                    .text(": " + Outcome.sentence(run))
                    .closeLine();
        }
        html.closeLine();
    }

    private void baseline(Html html, Set<String> names) {
        List<String> cells = new ArrayList<>(List.of(NONE, NONE, NONE, NONE, NONE));
        for (String name : names) {
            cells.add(runs.stream()
                    .flatMap(run -> run.status().metrics().stream())
                    .filter(metric -> metric.name().equals(name))
                    .findFirst()
                    .map(MetricStatus::baseline)
                    .orElse(NONE));
        }
        Page.row(html, "base model", cells.toArray(String[]::new));
    }

    private static void row(Html html, RunReport run, Set<String> names) {
        RunMetrics measured = run.metrics();
        boolean trained = measured.steps() > 0;
        List<String> cells = new ArrayList<>(List.of(
                run.plan() == null ? NONE : run.plan().trainablePercent() + " %",
                trained ? Figures.grouped(Curves.lastStep(measured)) : NONE,
                trained ? Figures.duration(Duration.ofMillis((long) (measured.seconds() * 1000))) : NONE,
                trained ? Figures.number(measured.samplesPerSecond()) : NONE,
                trained ? Figures.bytes(measured.peakMemoryBytes()) : NONE));
        for (String name : names) {
            cells.add(run.status().metrics().stream()
                    .filter(metric -> metric.name().equals(name))
                    .findFirst()
                    .map(MetricStatus::value)
                    .orElse(NONE));
        }
        html.open("tr")
                .open("th", "scope", "row")
                .leaf("a", run.name(), "href", run.page())
                .close();
        cells.forEach(cell -> html.leaf("td", cell));
        html.closeLine();
    }

    private void plans(Html html) {
        html.open("div", "class", "plans");
        for (RunReport run : runs) {
            html.open("section", "class", "part")
                    .open("h3")
                    .leaf("a", run.name(), "href", run.page())
                    .close();
            if (run.plan() == null) {
                html.leaf("p", "There is no plan.");
            } else {
                ModelPicture picture = new ModelPicture(run.plan());
                picture.drawSmall(html);
                html.leaf("p", picture.summary());
            }
            html.closeLine();
        }
        html.closeLine();
        html.leaf(
                "p",
                "From the patch embedding at the top to the output head at the bottom. Hatched: frozen. Solid: trained. "
                        + "The width of a bar is the number of parameters.",
                "class",
                "legend");
    }

    private void course(Html html) {
        List<Series> losses = new ArrayList<>();
        Map<String, RunMetrics> measured = new LinkedHashMap<>();
        for (RunReport run : runs) {
            measured.put(run.name(), run.metrics());
            losses.add(Curves.smoothed(run.metrics(), StepSpan::loss, run.name(), losses.size()));
        }
        html.open("div", "class", "charts");
        chart("Training loss, smoothed", "mean cross entropy of target tokens", 0, true, losses)
                .draw(html);
        Set<String> sets = new LinkedHashSet<>();
        measured.values().forEach(metrics -> sets.addAll(metrics.evaluations().keySet()));
        for (String set : sets) {
            List<Series> series = new ArrayList<>();
            measured.forEach((name, metrics) -> series.add(new Series(
                    name,
                    Look.MARKED,
                    series.size(),
                    Curves.points(metrics.evaluations().getOrDefault(set, List.of()), Evaluation::accuracy))));
            chart("Accuracy on " + set, "share of samples answered right", 1, false, series)
                    .draw(html);
        }
        html.closeLine();
    }

    private LineChart chart(String title, String unit, double highest, boolean zoom, List<Series> series) {
        long last = runs.stream()
                .mapToLong(run -> Curves.lastStep(run.metrics()))
                .max()
                .orElse(0);
        return new LineChart(title, unit, series, last, List.of(), highest, zoom, Figures::number);
    }
}
