package io.vlfinetune.e2e.monitoring;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.cli.embedded.MockApiServer;
import io.vlfinetune.operator.conditions.StatusDraft;
import io.vlfinetune.operator.metrics.OperatorMetrics;
import io.vlfinetune.trainer.metrics.TrainerMetrics;
import io.vlfinetune.trainer.report.MetricsLog;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What operator and trainer really expose: names as they are scraped, with their labels. */
final class Meters {
    private static final Pattern SERIES = Pattern.compile("([a-zA-Z_:][\\w:]*)(?:\\{(.*)\\})? .*");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"");

    private Meters() {}

    /** Series of an operator that has done a little of everything. */
    static Map<String, Set<String>> operator() {
        try (OperatorMetrics metrics = new OperatorMetrics();
                MockApiServer server = new MockApiServer();
                KubernetesClient client = new KubernetesClientBuilder()
                        .withConfig(server.client().getConfiguration())
                        .withHttpClientBuilderConsumer(
                                http -> http.addOrReplaceInterceptor("metrics", metrics.requests()))
                        .build()) {
            client.pods().list();
            VLFineTuneStatus failed = new VLFineTuneStatus(
                    1L,
                    Phase.Failed,
                    List.of(),
                    1,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    List.of(),
                    null,
                    null,
                    null,
                    null,
                    List.of(new AttemptStatus(1, "s", "e", "OutOfMemory", null, null)));
            metrics.runs()
                    .written(
                            new VLFineTune(),
                            StatusDraft.of(VLFineTuneStatus.EMPTY).status(),
                            failed,
                            Instant.EPOCH);
            Metrics reconciles = metrics.reconciles();
            reconciles.failedReconciliation(new VLFineTune(), new IllegalStateException(), Map.of());
            return series(metrics.scrape());
        }
    }

    /** Series of a trainer that has evaluated once. */
    static Map<String, Set<String>> trainer() {
        try (TrainerMetrics metrics = new TrainerMetrics()) {
            metrics.add(new MetricsLog.Evaluation("held", 1, 0.5, 1.5, 0.25, 3, 12, 0.1));
            return series(metrics.scrape());
        }
    }

    private static Map<String, Set<String>> series(String scrape) {
        TreeMap<String, Set<String>> series = new TreeMap<>();
        scrape.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
            Matcher parts = SERIES.matcher(line);
            if (!parts.matches()) {
                throw new IllegalStateException("no series: " + line);
            }
            Set<String> labels = series.computeIfAbsent(parts.group(1), name -> new TreeSet<>());
            if (parts.group(2) != null) {
                LABEL.matcher(parts.group(2)).results().forEach(label -> labels.add(label.group(1)));
            }
        });
        return series;
    }
}
