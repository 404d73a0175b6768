package io.vlfinetune.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.Part;
import io.vlfinetune.trainer.prefix.CacheStatistics;
import io.vlfinetune.trainer.testing.TensorBoardFolder;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/running.md says of the metrics of a run is what is written, and all of it. */
class RunningPageTest {
    private static final Path PAGE = Path.of("..", "docs", "running.md");

    @TempDir
    private Path folder;

    @Test
    void theFieldsOfMetricsJsonlAreThoseThatAreWritten() throws IOException {
        List<List<String>> rows = section("metrics.jsonl")
                .lines()
                .filter(line -> line.startsWith("| a") || line.startsWith("| the"))
                .map(row -> quoted(row.substring(row.lastIndexOf('|', row.length() - 2)), "\\w+"))
                .toList();

        assertThat(rows)
                .containsExactly(
                        fields(MetricsLog.Step.class),
                        fields(CacheStatistics.class),
                        fields(MetricsLog.Evaluation.class));
    }

    @Test
    void theCurvesOfTensorBoardAreThoseThatAreWritten() throws IOException {
        Map<Part, Double> byPart = Map.of(Part.Projector, 1.0);
        try (TensorBoardLog log = new TensorBoardLog(folder, 0, false, Clock.systemUTC())) {
            log.add(new MetricsLog.Step(1, 1, "train", 1, 1, byPart, byPart, 1, 1, 1, 1, null));
            log.add(new MetricsLog.Evaluation("held", 1, 1, 1, 1, 1, 1, 1));
        }

        Stream<String> curves = TensorBoardFolder.read(folder).curves().keySet().stream()
                .map(tag -> tag.replace("/Projector", "/PART").replace("/held/", "/SET/"));
        assertThat(quoted(section("TensorBoard"), "\\w+(?:/\\w+)+"))
                .containsExactlyInAnyOrderElementsOf(curves.toList());
    }

    private static List<String> fields(Class<? extends Record> entry) {
        return Stream.of(entry.getRecordComponents())
                .map(RecordComponent::getName)
                .toList();
    }

    private static List<String> quoted(String text, String pattern) {
        return Pattern.compile("`(" + pattern + ")`")
                .matcher(text)
                .results()
                .map((MatchResult result) -> result.group(1))
                .toList();
    }

    private static String section(String title) throws IOException {
        String page = Files.readString(PAGE);
        int begin = page.indexOf("## " + title + "\n");
        assertThat(begin).as(title).isNotNegative();
        return page.substring(begin, page.indexOf("\n## ", begin));
    }
}
