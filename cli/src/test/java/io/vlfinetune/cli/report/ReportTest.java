package io.vlfinetune.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.Precision;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reports, read by a strict parser. */
class ReportTest {
    @TempDir
    Path folder;

    private RunMetrics metrics(int steps) throws Exception {
        StringBuilder lines = new StringBuilder(evaluation(0, "0.5"));
        for (int step = 1; step <= steps; step++) {
            // One spike in an otherwise even curve.
            double loss = step == steps / 2 ? 77.5 : 1.0;
            lines.append(String.format(
                    Locale.ROOT,
                    "{\"step\":%d,\"epoch\":0.1,\"loss\":%s,\"gradientNorm\":2.0,\"learningRates\":{\"Projector\":0.001},"
                            + "\"samples\":8,\"tokens\":80,\"seconds\":0.5,\"peakMemoryBytes\":%d}%n",
                    step,
                    loss,
                    1000 + step));
        }
        return read(lines + evaluation(steps, "0.75"));
    }

    private static String evaluation(int step, String accuracy) {
        return "{\"evaluation\":\"test\",\"step\":" + step + ",\"epoch\":0.0,\"loss\":1.5,\"accuracy\":" + accuracy
                + ",\"samples\":6,\"tokens\":12,\"seconds\":0.1}\n";
    }

    private RunMetrics read(String lines) throws Exception {
        return MetricsFile.read(Files.writeString(folder.resolve("metrics.jsonl"), lines));
    }

    @Test
    void everyLayerOfThePlanIsDrawnOnceInTheOrderOfTheDataAndSaysWhetherItIsTrained() throws Exception {
        Parsed page = Parsed.page(RunPage.html(Samples.succeeded(metrics(30))));

        String layers = "//div[@class='model']//li[contains(@class,'layer')]";
        assertThat(page.texts(layers + "/span[@class='name']"))
                .containsExactly(
                        "patch embedding",
                        "position embedding",
                        "block 0",
                        "block 1",
                        "outer norms",
                        "projector",
                        "token embedding",
                        "block 0",
                        "block 1",
                        "block 2",
                        "final norm",
                        "output head");
        assertThat(page.texts(layers + "/span[@class='state']"))
                .containsExactly(
                        "frozen",
                        "frozen",
                        "frozen",
                        "frozen",
                        "frozen",
                        "trained, 1e-3",
                        "frozen",
                        "frozen",
                        "frozen",
                        "1 of 2 tensors, 1e-3",
                        "frozen",
                        "frozen");
        assertThat(page.all(layers + "//use[@href='#lock']")).hasSize(10);
        assertThat(page.all(layers + "//rect[@class='trained']")).hasSize(2);
        assertThat(page.all(layers + "//rect[@class='frozen']")).hasSize(11);
    }

    @Test
    void aRunThatSucceededShowsProofMetricsCurvesAndMemory() throws Exception {
        Parsed page = Parsed.page(RunPage.html(Samples.succeeded(metrics(30))));

        assertThat(page.texts("//p[@class='outcome good']"))
                .containsExactly("✓ Succeeded: all 15 frozen tensors are bit for bit those of the base model;"
                        + " 3 trained tensors changed");
        assertThat(page.texts("//tr[th='test/accuracy']/td"))
                .containsExactly("0.50", "0.80", "20", "0.75", "30", "+0.25");
        assertThat(page.texts("//figcaption"))
                .containsExactly(
                        "Training loss",
                        "Evaluation loss",
                        "Evaluation accuracy",
                        "Learning rate",
                        "Gradient norm",
                        "Throughput",
                        "Memory");
        assertThat(page.texts("//figure/svg/title"))
                .hasSize(7)
                .anyMatch(title -> title.contains("test: from 0.5 to 0.75"));
        assertThat(page.texts("//tr[th='sum']/td").getFirst()).isEqualTo("5,400");
    }

    @Test
    void thePageNeedsNothingButItself() throws Exception {
        String html = RunPage.html(Samples.succeeded(metrics(30)));

        assertThat(html).doesNotContain("<script", "<link", "<img", "@import", "src=");
        assertThat(html.replace("http://www.w3.org/1999/xhtml", "").replace("http://www.w3.org/2000/svg", ""))
                .doesNotContain("http:", "https:");
    }

    @Test
    void whatUsersAndLogsWriteIsTextAndNeverMarkup() throws Exception {
        String evil = "</pre><script>alert('x')</script> & \"quoted\" \u001b[31mred\u0000";
        RunReport run = Samples.failed(evil, evil);

        String html = RunPage.html(run);

        assertThat(html).doesNotContain("<script", "\u001b", "\u0000");
        assertThat(Parsed.page(html).texts("//pre").getFirst())
                .isEqualTo("</pre><script>alert('x')</script> & \"quoted\" \uFFFD[31mred\uFFFD");
        RunMetrics named = read(evaluation(1, "0.5").replace("\"test\"", "\"<b>&amp;\""));
        assertThat(Parsed.page(RunPage.html(Samples.succeeded(named))).text()).contains("<b>&amp;");
    }

    @Test
    void givenAFailureBeforeTheFirstStepThePageSaysWhyAndWhatIsNotKnown() throws Exception {
        Parsed page = Parsed.page(RunPage.html(Samples.failed("line 3 has no image", "the last words")));

        assertThat(page.texts("//p[@class='outcome bad']"))
                .containsExactly("✗ Failed: DataInvalid: line 3 has no image");
        assertThat(page.texts("//pre").getFirst()).isEqualTo("the last words");
        assertThat(page.text()).contains("Nothing was measured", "There is no plan: no model there");
        assertThat(page.all("//figure")).isEmpty();
    }

    @Test
    void givenAHundredThousandStepsThePageStaysSmallAndStillShowsTheSpike() throws Exception {
        RunMetrics metrics = metrics(100_000);

        assertThat(metrics.steps()).isEqualTo(100_000);
        assertThat(metrics.stride()).isEqualTo(128);
        assertThat(metrics.spans()).hasSizeLessThan(1024);
        assertThat(metrics.spans().getLast().last()).isEqualTo(100_000);
        assertThat(metrics.spans().stream()
                        .mapToDouble(span -> span.loss().high())
                        .max())
                .hasValue(77.5);
        assertThat(metrics.samplesPerSecond()).isEqualTo(16.0);
        String html = RunPage.html(Samples.succeeded(metrics));
        assertThat(html.getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(300_000);
        assertThat(Parsed.page(html).text()).contains("smallest and largest of 128 steps each");
    }

    @Test
    void aTornLineAndALossThatIsNoNumberDoNotStopTheReport() throws Exception {
        RunMetrics metrics = read("""
                {"step":1,"loss":2.0,"gradientNorm":1.0,"samples":8,"seconds":0.5,"peakMemoryBytes":5}
                {"step":2,"loss":"NaN","gradientNorm":"Infinity","samples":8,"seconds":0.5,"peakMemoryBytes":6}
                {"step":3,"lo""");

        assertThat(metrics.steps()).isEqualTo(2);
        assertThat(metrics.unreadable()).isEqualTo(1);
        Parsed page = Parsed.page(RunPage.html(Samples.succeeded(metrics)));
        assertThat(page.text()).contains("1 lines of metrics.jsonl could not be read");
        assertThat(page.all("//polyline[contains(@points,'N')]")).isEmpty();
    }

    @Test
    void theComparisonHasTheBaseModelEveryRunAndALinkToItsPage() throws Exception {
        RunReport good = Samples.succeeded(metrics(30));
        RunReport bad =
                Samples.report("other", false, Samples.failed("broken", "log").status(), null, RunMetrics.NONE);

        Parsed page = Parsed.page(ComparisonPage.html("Two runs", List.of(good, bad)));

        assertThat(page.texts("//tbody/tr/th")).containsExactly("base model", "run", "other");
        assertThat(page.all("//tbody//a").stream().map(link -> link.getAttribute("href")))
                .containsExactly("runs/run/report.html", "runs/other/report.html");
        assertThat(page.texts("//p[@class='outcome bad']")).containsExactly("✗ 1 of 2 runs succeeded");
        assertThat(page.text()).contains("Failed: DataInvalid: broken");
        assertThat(page.all("//div[@class='small']//rect[@class='trained']")).hasSize(2);
    }

    @Test
    void memoryOfThePlanIsWeightsGradientsAndOptimizerState() {
        PlanMemory float32 = PlanMemory.of(Samples.plan(), Precision.Float32);
        PlanMemory bfloat16 = PlanMemory.of(Samples.plan(), Precision.BFloat16);

        assertThat(float32).isEqualTo(new PlanMemory(4 * 900, 0, 4 * 150, 8 * 150));
        assertThat(bfloat16).isEqualTo(new PlanMemory(2 * 900, 4 * 150, 4 * 150, 8 * 150));
    }

    @Test
    void axesBeginAtZeroUnlessValuesDifferByOrdersOfMagnitude() {
        assertThat(Axis.fromZero(0.93).marks()).hasSizeBetween(5, 7).startsWith(0.0);
        assertThat(Axis.fitting(0.5, 2).logarithmic()).isFalse();
        assertThat(Axis.fitting(0.02, 7).marks()).hasSize(4);
        assertThat(Axis.fitting(0.02, 7).position(0.01)).isZero();
        assertThat(Axis.steps(250).marks()).containsExactly(0.0, 50.0, 100.0, 150.0, 200.0, 250.0);
        assertThat(Axis.fromZero(Double.NaN).high()).isPositive();
    }

    @Test
    void numbersAreWrittenAsPeopleReadThem() {
        assertThat(Figures.number(0.0006)).isEqualTo("6e-4");
        assertThat(Figures.number(0.123456)).isEqualTo("0.1235");
        assertThat(Figures.number(1500)).isEqualTo("1500");
        assertThat(Figures.bytes(3L << 30)).isEqualTo("3.00 GiB");
        assertThat(Figures.count(28_928)).isEqualTo("28.9k");
    }
}
