package io.vlfinetune.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.api.Part;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code metrics.jsonl} in one pass and in bounded memory: when there are too many spans, neighbours are merged, so
 * that a run of a hundred million steps makes a page of the same size.
 */
public final class MetricsFile {
    /** More than the pixels a chart is wide. */
    private static final int SPANS = 1024;

    private static final int EVALUATIONS = 256;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final List<StepSpan> spans = new ArrayList<>();
    private final Map<String, List<RunMetrics.Evaluation>> evaluations = new LinkedHashMap<>();
    private @Nullable StepSpan pending;
    private long inPending;
    private long stride = 1;
    private long steps;
    private long unreadable;

    private MetricsFile() {}

    /**
     * Reads a file; one that is not there has nothing in it.
     *
     * @throws IOException if it is there and cannot be read
     */
    public static RunMetrics read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return RunMetrics.NONE;
        }
        MetricsFile metrics = new MetricsFile();
        // Not Files.newBufferedReader: after a crash the last line may hold bytes that are no text.
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                metrics.add(line);
            }
        }
        return metrics.result();
    }

    private void add(String line) {
        JsonNode entry;
        try {
            entry = JSON.readTree(line);
        } catch (IOException torn) {
            unreadable++;
            return;
        }
        if (!entry.path("step").isIntegralNumber()) {
            unreadable++;
        } else if (entry.has("evaluation")) {
            evaluation(entry);
        } else {
            step(entry);
        }
    }

    private void evaluation(JsonNode entry) {
        List<RunMetrics.Evaluation> set =
                evaluations.computeIfAbsent(entry.path("evaluation").asText(), name -> new ArrayList<>());
        if (set.size() == EVALUATIONS) {
            // Every second goes; the first one, the baseline, stays.
            for (int i = set.size() - 1; i > 0; i -= 2) {
                set.remove(i);
            }
        }
        set.add(new RunMetrics.Evaluation(
                entry.path("step").longValue(), decimal(entry, "loss"), decimal(entry, "accuracy")));
    }

    private void step(JsonNode entry) {
        long step = entry.path("step").longValue();
        StepSpan one = new StepSpan(
                step,
                step,
                StepSpan.Spread.of(decimal(entry, "loss")),
                StepSpan.Spread.of(decimal(entry, "gradientNorm")),
                rates(entry.path("learningRates")),
                entry.path("samples").longValue(),
                entry.path("tokens").longValue(),
                entry.path("seconds").doubleValue(),
                entry.path("peakMemoryBytes").longValue());
        steps++;
        pending = pending == null ? one : pending.and(one);
        if (++inPending == stride) {
            flush();
        }
    }

    private void flush() {
        if (pending == null) {
            return;
        }
        spans.add(pending);
        pending = null;
        inPending = 0;
        if (spans.size() == SPANS) {
            List<StepSpan> merged = new ArrayList<>(SPANS);
            for (int i = 0; i < SPANS; i += 2) {
                merged.add(spans.get(i).and(spans.get(i + 1)));
            }
            spans.clear();
            spans.addAll(merged);
            stride *= 2;
        }
    }

    private RunMetrics result() {
        if (pending != null) {
            spans.add(pending);
        }
        return new RunMetrics(spans, stride, steps, evaluations, unreadable);
    }

    private static Map<Part, Double> rates(JsonNode node) {
        Map<Part, Double> rates = new EnumMap<>(Part.class);
        for (Part part : Part.values()) {
            if (node.path(part.name()).isNumber()) {
                rates.put(part, node.path(part.name()).doubleValue());
            }
        }
        return rates;
    }

    /** NaN where the field is no number: JSON has none for it, and a diverged loss is written as text. */
    private static double decimal(JsonNode entry, String field) {
        return entry.path(field).isNumber() ? entry.path(field).doubleValue() : Double.NaN;
    }
}
