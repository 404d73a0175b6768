package io.vlfinetune.cli.report;

import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.FailureStatus;
import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.ProofStatus;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The page of one run. */
public final class RunPage {
    private static final String NONE = "–";

    private final RunReport run;

    private RunPage(RunReport run) {
        this.run = run;
    }

    /** The page, whole. */
    public static String html(RunReport run) {
        return Page.html(run.name() + " – VLFineTune report", new RunPage(run)::body);
    }

    private void body(Html html) {
        html.open("header").leaf("p", "VLFineTune run", "class", "kind").leaf("h1", run.name());
        html.open("p", "class", run.succeeded() ? "outcome good" : "outcome bad")
                .leaf("strong", Outcome.word(run))
                .text(": " + Outcome.sentence(run))
                .close();
        facts(html);
        html.closeLine();
        if (!run.succeeded()) {
            Page.section(html, "Failure", this::failure);
        }
        if (!run.status().metrics().isEmpty()) {
            Page.section(html, "Metrics", this::metrics);
        }
        Page.section(html, "What was trained", this::plan);
        Page.section(html, "Course", this::course);
        if (run.plan() != null) {
            Page.section(html, "Memory", this::memory);
        }
        if (!run.status().attempts().isEmpty()) {
            Page.section(html, "Attempts", this::attempts);
        }
        Page.section(html, "Settings", this::settings);
    }

    private void facts(Html html) {
        ProgressStatus progress = run.status().progress();
        html.open("dl", "class", "facts");
        if (run.plan() != null) {
            fact(html, "trainable", run.plan().trainablePercent() + " %");
        }
        if (progress != null) {
            fact(html, "steps", Figures.grouped(progress.step()) + " of " + Figures.grouped(progress.totalSteps()));
        }
        RunMetrics measured = run.metrics();
        if (measured.steps() > 0) {
            fact(html, "time in steps", Figures.duration(Duration.ofMillis((long) (measured.seconds() * 1000))));
            fact(html, "samples a second", Figures.number(measured.samplesPerSecond()));
            fact(html, "peak memory", Figures.bytes(measured.peakMemoryBytes()));
        }
        fact(html, "trainer's time in this call", Figures.duration(run.trainerTime()));
        html.closeLine();
    }

    private static void fact(Html html, String name, String value) {
        html.open("div").leaf("dt", name).leaf("dd", value).close();
    }

    private void failure(Html html) {
        html.leaf("p", run.message());
        FailureStatus failure = run.status().failure();
        if (failure != null && failure.logTail() != null) {
            html.leaf("p", "The last lines of the trainer's log:").leaf("pre", failure.logTail(), "tabindex", "0");
        }
    }

    private void plan(Html html) {
        if (run.plan() == null) {
            html.leaf(
                    "p",
                    "There is no plan: " + Objects.requireNonNullElse(run.planProblem(), "the reason is not known"));
            return;
        }
        ModelPicture picture = new ModelPicture(run.plan());
        html.leaf("p", picture.summary());
        picture.draw(html);
        ProofStatus proof = run.status().proof();
        if (proof != null) {
            names(html, "trained tensors that no gradient reached in any step", proof.unused());
            names(
                    html,
                    "trained tensors whose stored bytes are the same after rounding",
                    proof.unchangedAfterRounding());
        }
    }

    private static void names(Html html, String what, List<String> names) {
        if (!names.isEmpty()) {
            html.open("details").leaf("summary", names.size() + " " + what).open("ul", "class", "names");
            names.forEach(name -> html.leaf("li", name));
            html.close().closeLine();
        }
    }

    private void course(Html html) {
        if (Curves.lastStep(run.metrics()) == 0 && run.metrics().evaluations().isEmpty()) {
            html.leaf("p", "Nothing was measured: the run ended before its first step.");
            return;
        }
        html.open("div", "class", "charts");
        new Curves(run).draw(html);
        html.closeLine();
        if (run.metrics().unreadable() > 0) {
            html.leaf("p", run.metrics().unreadable() + " lines of metrics.jsonl could not be read and are left out.");
        }
    }

    private void metrics(Html html) {
        html.open("div", "class", "scroll").open("table");
        Page.head(html, "Metric", "Base model", "Best", "at step", "Last", "at step", "Last − base model");
        html.open("tbody");
        for (MetricStatus metric : run.status().metrics()) {
            Page.row(
                    html,
                    metric.name(),
                    text(metric.baseline()),
                    text(metric.best()),
                    text(metric.bestStep()),
                    text(metric.value()),
                    text(metric.step()),
                    difference(metric));
        }
        html.close().close().closeLine();
    }

    private static String difference(MetricStatus metric) {
        try {
            BigDecimal difference = new BigDecimal(metric.value()).subtract(new BigDecimal(metric.baseline()));
            return (difference.signum() > 0 ? "+" : "")
                    + difference.toPlainString().replace("-", "−");
        } catch (NumberFormatException | NullPointerException notANumber) {
            return NONE;
        }
    }

    private void memory(Html html) {
        if (run.plan() == null) {
            return;
        }
        PlanMemory planned = PlanMemory.of(run.plan(), run.precision());
        html.leaf(
                "p",
                "Computed from the plan in " + run.precision()
                        + ": what parameters take, without activations, batches and the process itself. "
                        + "The measured peak has all of these in it.");
        html.open("div", "class", "charts");
        new Curves(run).memory().draw(html);
        html.open("div", "class", "scroll").open("table");
        Page.head(html, "Computed from the plan", "Bytes", "");
        html.open("tbody");
        bytes(html, "weights", planned.weights());
        if (planned.masterCopies() > 0) {
            bytes(html, "Float32 copies of trained weights", planned.masterCopies());
        }
        bytes(html, "gradients of trained weights, Float32", planned.gradients());
        bytes(html, "optimizer state (two moments of AdamW), Float32", planned.optimizer());
        bytes(html, "sum", planned.total());
        if (run.metrics().peakMemoryBytes() > 0) {
            bytes(
                    html,
                    "measured peak of the trainer's resident memory",
                    run.metrics().peakMemoryBytes());
        }
        html.close().close().close().closeLine();
    }

    private static void bytes(Html html, String what, long bytes) {
        Page.row(html, what, Figures.grouped(bytes), Figures.bytes(bytes));
    }

    private void attempts(Html html) {
        html.open("div", "class", "scroll").open("table");
        Page.head(html, "Attempt", "Began", "Ended", "Outcome", "Resumed from step");
        html.open("tbody");
        for (AttemptStatus attempt : run.status().attempts()) {
            Page.row(
                    html,
                    text(attempt.number()),
                    text(attempt.startTime()),
                    text(attempt.endTime()),
                    text(attempt.reason()),
                    text(attempt.resumedFromStep()));
        }
        html.close().close().closeLine();
    }

    private void settings(Html html) {
        html.leaf("p", "The resource's spec, defaults filled in:").leaf("pre", run.settings(), "tabindex", "0");
        html.open("dl", "class", "versions");
        run.versions().forEach((name, version) -> fact(html, name, version));
        if (run.plan() != null) {
            fact(html, "plan", run.plan().digest());
        }
        if (run.status().model() != null) {
            fact(html, "base model", run.status().model().digest());
        }
        if (run.status().output() != null) {
            fact(html, "output", run.status().output().uri());
            fact(html, "weights", run.status().output().digest());
        }
        html.closeLine();
    }

    private static String text(@Nullable Object value) {
        return value == null ? NONE : value.toString();
    }
}
