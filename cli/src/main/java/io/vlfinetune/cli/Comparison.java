package io.vlfinetune.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.MetricStatus;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs side by side, the untouched base model first. Seconds are those in which a trainer lived, evaluation, proof and
 * output included, waiting for room excluded.
 */
final class Comparison {
    private static final List<String> TITLES = List.of(
            "RUN", "TRAINABLE", "STEPS", "SECONDS", "SAMPLES/S", "PEAK MEMORY", "IN-DOMAIN", "OUT-OF-DOMAIN", "PROOF");
    private static final String NONE = "-";
    private static final String IN_DOMAIN = "in-domain/accuracy";
    private static final String OUT_OF_DOMAIN = "out-of-domain/accuracy";

    private Comparison() {}

    /** The table as lines. */
    static List<String> lines(KubernetesClient client, List<VLFineTune> runs) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(TITLES);
        rows.add(List.of(
                "base model",
                NONE,
                NONE,
                NONE,
                NONE,
                NONE,
                accuracy(runs, IN_DOMAIN),
                accuracy(runs, OUT_OF_DOMAIN),
                NONE));
        runs.forEach(run -> rows.add(row(client, run)));
        return TextTable.lines(rows);
    }

    private static String accuracy(List<VLFineTune> runs, String metric) {
        return runs.stream()
                .map(run -> metric(RunEnd.status(run), metric, MetricStatus::baseline))
                .filter(value -> !value.equals(NONE))
                .findFirst()
                .orElse(NONE);
    }

    private static List<String> row(KubernetesClient client, VLFineTune run) {
        VLFineTuneStatus status = RunEnd.status(run);
        ProgressStatus progress = status.progress();
        return List.of(
                run.getMetadata().getName(),
                status.plan() == null ? NONE : status.plan().trainablePercent() + " %",
                progress == null ? NONE : text(progress.step()),
                Long.toString(TrainerPods.time(client, run).toSeconds()),
                progress == null ? NONE : text(progress.samplesPerSecond()),
                progress == null ? NONE : memory(progress.peakMemoryBytes()),
                metric(status, IN_DOMAIN, MetricStatus::value),
                metric(status, OUT_OF_DOMAIN, MetricStatus::value),
                proof(run));
    }

    private static String metric(VLFineTuneStatus status, String name, Function<MetricStatus, @Nullable String> of) {
        return status.metrics().stream()
                .filter(metric -> metric.name().equals(name))
                .findFirst()
                .map(metric -> text(of.apply(metric)))
                .orElse(NONE);
    }

    private static String proof(VLFineTune run) {
        ProofStatus proof = RunEnd.status(run).proof();
        if (!RunEnd.succeeded(run)) {
            return RunEnd.status(run).failure() == null
                    ? "failed"
                    : "failed: "
                            + Objects.requireNonNull(RunEnd.status(run).failure())
                                    .reason();
        } else if (proof == null) {
            return "none";
        }
        return proof.frozenTensors() == 0
                ? "nothing frozen"
                : proof.verified() + "/" + proof.frozenTensors() + " bit-identical";
    }

    private static String text(@Nullable Object value) {
        return value == null ? NONE : value.toString();
    }

    private static String memory(@Nullable Long bytes) {
        return bytes == null ? NONE : String.format(Locale.ROOT, "%d MiB", bytes >> 20);
    }
}
