package io.vlfinetune.e2e.monitoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.vlfinetune.e2e.chart.Chart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** No name on a dashboard, in an alert or in the documentation that the code does not expose, and the other way round. */
class MonitoringTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Map<String, String> ALL = Map.of(
            "metrics.prometheusOperator.enabled", "true",
            "metrics.prometheusOperator.labels.release", "prometheus",
            "metrics.dashboard.enabled", "true",
            "namespaces[0]", "team-a");
    /** Labels that Prometheus or the PodMonitor puts on every series. */
    private static final Set<String> OF_THE_TARGET = Set.of("namespace", "pod", "job", "run", "attempt");

    private static Map<String, Set<String>> exposed;

    @BeforeAll
    static void expose() {
        exposed = new TreeMap<>(Meters.operator());
        exposed.putAll(Meters.trainer());
    }

    @Test
    void everyMetricAndLabelOfTheDashboardIsExposed() throws IOException {
        List<String> expressions = dashboard().findValuesAsText("expr");

        assertThat(expressions).hasSizeGreaterThan(25).allSatisfy(MonitoringTest::assertExposed);
    }

    @Test
    void theDashboardIsWholeAndItsPanelsDoNotOverlap() throws IOException {
        JsonNode dashboard = dashboard();
        Set<Integer> ids = new HashSet<>();
        Set<String> places = new HashSet<>();
        for (JsonNode panel : dashboard.path("panels")) {
            assertThat(ids.add(panel.path("id").asInt())).isTrue();
            JsonNode grid = panel.path("gridPos");
            assertThat(grid.path("x").asInt() + grid.path("w").asInt()).isLessThanOrEqualTo(24);
            for (int x = grid.path("x").asInt();
                    x < grid.path("x").asInt() + grid.path("w").asInt();
                    x++) {
                for (int y = grid.path("y").asInt();
                        y < grid.path("y").asInt() + grid.path("h").asInt();
                        y++) {
                    assertThat(places.add(x + "/" + y))
                            .as(panel.path("title").asText())
                            .isTrue();
                }
            }
        }
        assertThat(dashboard.at("/templating/list").findValuesAsText("name"))
                .contains("datasource", "namespace", "run");
    }

    @Test
    void everyMetricAndLabelOfTheAlertsIsExposedAndEachSaysWhatItMeans() {
        JsonNode rules =
                JSON.valueToTree(rendered("PrometheusRule").get("spec")).at("/groups/0/rules");

        assertThat(rules).hasSize(5).allSatisfy(rule -> {
            assertExposed(rule.path("expr").asText());
            assertThat(rule.path("expr").asText())
                    .as("another release of the cluster neither hides nor causes it")
                    .contains("job=\"%s/%s\"".formatted(Chart.NAMESPACE, monitored()));
            assertThat(rule.path("alert").asText()).startsWith("VLFineTune");
            assertThat(rule.at("/labels/severity").asText()).isIn("critical", "warning", "info");
            assertThat(rule.at("/annotations/summary").asText()).isNotEmpty();
            assertThat(rule.at("/annotations/description").asText()).isNotEmpty();
        });
    }

    @Test
    void givenNothingIsAskedForThenTheChartNeedsNoPrometheus() {
        assertThat(Chart.render(Map.of()))
                .extracting(HasMetadata::getKind)
                .doesNotContain("PodMonitor", "PrometheusRule", "ConfigMap");
    }

    @Test
    void thePodMonitorsNamePortsThatThePodsHave() {
        Deployment operator = Chart.render(ALL).stream()
                .filter(Deployment.class::isInstance)
                .map(Deployment.class::cast)
                .findFirst()
                .orElseThrow();
        List<JsonNode> monitors = Chart.render(ALL).stream()
                .filter(object -> object.getKind().equals("PodMonitor"))
                .<JsonNode>map(object -> JSON.valueToTree(((GenericKubernetesResource) object).get("spec")))
                .toList();

        assertThat(monitors).hasSize(2);
        assertThat(operator.getSpec()
                        .getTemplate()
                        .getSpec()
                        .getContainers()
                        .getFirst()
                        .getPorts())
                .extracting(port -> port.getName())
                .contains(monitors.getFirst().at("/podMetricsEndpoints/0/port").asText());
        assertThat(operator.getSpec().getSelector().getMatchLabels())
                .isEqualTo(JSON.convertValue(monitors.getFirst().at("/selector/matchLabels"), Map.class));
        assertThat(monitors.getLast().at("/podMetricsEndpoints/0/port").asText())
                .isEqualTo("metrics");
        assertThat(monitors.getLast().at("/namespaceSelector/matchNames/0").asText())
                .isEqualTo("team-a");
    }

    @Test
    void theDocumentationHasExactlyTheMetricsOfOursWithTheirLabels() throws IOException {
        Map<String, Set<String>> documented = documented();
        Map<String, Set<String>> ours = new TreeMap<>();
        exposed.forEach((name, labels) -> {
            String family = name.replaceFirst("_seconds_(bucket|sum|count|max)$", "_seconds");
            if (name.startsWith("vlfinetune_") || name.equals("process_resident_memory_bytes")) {
                ours.computeIfAbsent(family, key -> new TreeSet<>()).addAll(labels);
            }
        });

        assertThat(documented).isEqualTo(ours);
    }

    @Test
    void theDocumentationHasTheAlertsOfTheChart() throws IOException {
        JsonNode rules =
                JSON.valueToTree(rendered("PrometheusRule").get("spec")).at("/groups/0/rules");
        List<String> alerts = rules.findValuesAsText("alert");

        assertThat(Pattern.compile("(?m)^\\| `(VLFineTune\\w+)` \\|")
                        .matcher(page())
                        .results()
                        .map(row -> row.group(1)))
                .containsExactlyElementsOf(alerts);
    }

    @Test
    void anExpressionThatIsNoneIsRefused() {
        assertThatThrownBy(() -> PromQl.parse("sum(rate(a[5m])")).hasMessageContaining(") is missing");
        assertThatThrownBy(() -> PromQl.parse("a ; b")).hasMessageContaining("no PromQL at 2");
        assertThat(PromQl.parse("sum by (x) (rate(a_total{y=\"z\"}[5m])) / on (p) b offset 1h > 3")
                        .metrics())
                .isEqualTo(Map.of("a_total", Set.of("y"), "b", Set.of()));
    }

    /** Prometheus names the job after the PodMonitor of the operator. */
    private static String monitored() {
        return Chart.render(ALL).stream()
                .filter(object -> object.getKind().equals("PodMonitor"))
                .map(object -> object.getMetadata().getName())
                .filter(name -> !name.endsWith("-trainers"))
                .findFirst()
                .orElseThrow();
    }

    private static void assertExposed(String expression) {
        PromQl parsed = PromQl.parse(expression);
        assertThat(parsed.metrics()).as(expression).isNotEmpty().allSatisfy((name, labels) -> {
            assertThat(exposed).as(expression).containsKey(name);
            assertThat(known(name)).as(expression).containsAll(labels);
        });
        Set<String> all = parsed.metrics().keySet().stream()
                .flatMap(name -> known(name).stream())
                .collect(Collectors.toSet());
        assertThat(all).as(expression).containsAll(parsed.grouped());
    }

    private static Set<String> known(String metric) {
        Set<String> labels = new HashSet<>(exposed.get(metric));
        labels.addAll(OF_THE_TARGET);
        return labels;
    }

    private static JsonNode dashboard() throws IOException {
        ConfigMap delivered = Chart.render(ALL).stream()
                .filter(ConfigMap.class::isInstance)
                .map(ConfigMap.class::cast)
                .findFirst()
                .orElseThrow();
        assertThat(delivered.getMetadata().getLabels()).containsEntry("grafana_dashboard", "1");
        JsonNode dashboard = JSON.readTree(delivered.getData().get("vlfinetune.json"));
        assertThat(dashboard)
                .isEqualTo(JSON.readTree(Chart.folder()
                        .resolve("dashboards")
                        .resolve("vlfinetune.json")
                        .toFile()));
        return dashboard;
    }

    private static GenericKubernetesResource rendered(String kind) {
        return (GenericKubernetesResource) Chart.render(ALL).stream()
                .filter(object -> object.getKind().equals(kind))
                .findFirst()
                .orElseThrow();
    }

    /** Rows of the tables of metrics: name and labels. */
    private static Map<String, Set<String>> documented() throws IOException {
        Map<String, Set<String>> rows = new TreeMap<>();
        Matcher row = Pattern.compile("(?m)^\\| `([a-z_]+)` \\|([^|]*)\\|").matcher(page());
        while (row.find()) {
            Set<String> labels = new TreeSet<>();
            Pattern.compile("`(\\w+)`").matcher(row.group(2)).results().forEach(label -> labels.add(label.group(1)));
            rows.put(row.group(1), labels);
        }
        return rows;
    }

    private static String page() throws IOException {
        return Files.readString(Path.of("..", "docs", "observability.md"));
    }
}
