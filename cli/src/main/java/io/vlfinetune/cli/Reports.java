package io.vlfinetune.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.AttemptStatus;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.cli.embedded.WorkFolder;
import io.vlfinetune.cli.report.ComparisonPage;
import io.vlfinetune.cli.report.MetricsFile;
import io.vlfinetune.cli.report.RunMetrics;
import io.vlfinetune.cli.report.RunPage;
import io.vlfinetune.cli.report.RunReport;
import io.vlfinetune.trainer.Planning;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.output.OutputDocument;
import io.vlfinetune.trainer.source.Sources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Collects what is known of ended runs and writes {@code report.html} of each, and one that compares them. */
final class Reports {
    private static final String METRICS = "metrics.jsonl";
    private static final String CLAIM = "pvc://";

    /** The documents may come from another version of the trainer. */
    private static final JsonMapper LENIENT = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private static final YAMLMapper YAML = YAMLMapper.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_EMPTY, JsonInclude.Include.NON_EMPTY))
            .build();

    private final Surroundings surroundings;
    private final WorkFolder work;
    private final KubernetesClient client;

    Reports(Surroundings surroundings, WorkFolder work, KubernetesClient client) {
        this.surroundings = surroundings;
        this.work = work;
        this.client = client;
    }

    /** The page of each run. */
    void write(List<VLFineTune> runs) {
        saying(() -> {
            for (VLFineTune run : runs) {
                announce(write(report(run)));
            }
        });
    }

    /** The page of each run and the comparison; only the latter is announced, since it links to the others. */
    void compare(String title, List<VLFineTune> runs) {
        saying(() -> {
            List<RunReport> reports = new ArrayList<>();
            for (VLFineTune run : runs) {
                RunReport report = report(run);
                reports.add(report);
                write(report);
            }
            Path page = work.path().resolve(RunReport.FILE);
            announce(Files.writeString(page, ComparisonPage.html(title, reports)));
        });
    }

    private interface Writing {
        void run() throws IOException;
    }

    /** A run's end is not changed by a page that cannot be written. */
    private void saying(Writing writing) {
        try {
            writing.run();
        } catch (IOException | UncheckedIOException e) {
            surroundings.err().println("the report could not be written: " + e);
        }
    }

    private void announce(Path page) {
        surroundings.err().println("report: " + page);
    }

    private Path write(RunReport report) throws IOException {
        Path folder = Files.createDirectories(work.run(report.name()));
        return Files.writeString(folder.resolve(RunReport.FILE), RunPage.html(report));
    }

    private RunReport report(VLFineTune run) throws IOException {
        String name = run.getMetadata().getName();
        VLFineTuneSpec spec = run.getSpec();
        Path output = RunEnd.succeeded(run) ? output(spec) : null;
        Map<String, String> versions = new LinkedHashMap<>();
        versions.put("java", Runtime.version().toString());
        PlanDocument plan = output == null ? null : document(output.resolve(OutputDocument.FILE), versions);
        String problem = null;
        if (plan == null) {
            try {
                plan = Planning.plan(sources(spec.model().source()), spec.model(), spec.freeze(), spec.training());
            } catch (TrainerException e) {
                problem = e.getMessage();
            }
        }
        return new RunReport(
                name,
                RunEnd.succeeded(run),
                RunEnd.message(run),
                RunEnd.status(run),
                plan,
                problem,
                spec.training().precision(),
                metrics(run, output),
                TrainerPods.time(client, run),
                YAML.writeValueAsString(spec),
                versions,
                "runs/" + name + "/" + RunReport.FILE);
    }

    /** Plan and versions as the trainer wrote them beside the weights; null where that is not there or not readable. */
    private static @Nullable PlanDocument document(Path file, Map<String, String> versions) {
        if (!Files.isRegularFile(file)) {
            return null;
        }
        try {
            JsonNode document = LENIENT.readTree(file.toFile());
            PlanDocument plan = LENIENT.treeToValue(document.path("plan"), PlanDocument.class);
            document.path("versions")
                    .properties()
                    .forEach(version ->
                            versions.put(version.getKey(), version.getValue().asText()));
            return plan;
        } catch (IOException e) {
            return null;
        }
    }

    /** Those of the output; of a run without one those of this call, not what an earlier run of the name left. */
    private RunMetrics metrics(VLFineTune run, @Nullable Path output) throws IOException {
        Path own = work.scratch(run.getMetadata().getName()).resolve(METRICS);
        if (output != null) {
            Path kept = output.resolve(METRICS);
            return MetricsFile.read(Files.exists(kept) ? kept : own);
        }
        Stream<AttemptStatus> attempts = RunEnd.status(run).attempts().stream();
        Instant began = attempts.map(AttemptStatus::startTime)
                .filter(time -> time != null)
                .map(Instant::parse)
                .findFirst()
                .orElse(Instant.MAX);
        boolean fresh =
                Files.exists(own) && !Files.getLastModifiedTime(own).toInstant().isBefore(began);
        return fresh ? MetricsFile.read(own) : RunMetrics.NONE;
    }

    private @Nullable Path output(VLFineTuneSpec spec) {
        String destination = spec.output().destination();
        try {
            return sources(destination).resolve(destination, "spec.output.destination");
        } catch (TrainerException e) {
            return null;
        }
    }

    private Sources sources(String uri) {
        if (!uri.startsWith(CLAIM)) {
            return new Sources(work.path(), Map.of());
        }
        String claim = uri.substring(CLAIM.length()).replaceFirst("/.*", "");
        return new Sources(work.path(), Map.of(claim, work.claim(claim).toString()));
    }
}
