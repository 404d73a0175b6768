package io.vlfinetune.cli;

import io.vlfinetune.api.PlanStatus;
import io.vlfinetune.api.ProgressStatus;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A run as {@code kubectl get} shows it. */
final class RunRow {
    static final List<String> TITLES =
            List.of("NAME", "PHASE", "PROGRESS", "STEP", "LOSS", "TRAINABLE", "ETA", "ATTEMPT", "AGE");
    private static final int ETA = TITLES.indexOf("ETA");

    private RunRow() {}

    static List<String> of(VLFineTune run, Instant now) {
        VLFineTuneStatus status = RunEnd.status(run);
        ProgressStatus progress = status.progress();
        PlanStatus plan = status.plan();
        Long eta = progress == null || RunEnd.reached(run) ? null : progress.etaSeconds();
        return List.of(
                run.getMetadata().getName(),
                status.phase() == null ? "Pending" : status.phase().name(),
                progress == null || progress.percent() == null ? "" : progress.percent() + "%",
                progress == null || progress.step() == null ? "" : progress.step() + "/" + progress.totalSteps(),
                progress == null ? "" : Objects.requireNonNullElse(progress.loss(), ""),
                plan == null ? "" : plan.trainablePercent() + "%",
                eta == null ? "" : duration(Duration.ofSeconds(eta)),
                status.attempt() == null ? "" : status.attempt().toString(),
                duration(age(run.getMetadata().getCreationTimestamp(), now)));
    }

    /** What makes a new line worth printing: all but the two columns that change by themselves. */
    static List<String> lasting(List<String> row) {
        List<String> lasting = new ArrayList<>(row.subList(0, row.size() - 1));
        lasting.remove(ETA);
        return lasting;
    }

    private static Duration age(@Nullable String created, Instant now) {
        Duration age = created == null ? Duration.ZERO : Duration.between(Instant.parse(created), now);
        return age.isNegative() ? Duration.ZERO : age;
    }

    /** Such as 12s, 5m10s, 2h5m. */
    static String duration(Duration duration) {
        long seconds = duration.toSeconds();
        if (seconds < 60) {
            return seconds + "s";
        }
        return seconds < 3600
                ? String.format(Locale.ROOT, "%dm%ds", seconds / 60, seconds % 60)
                : String.format(Locale.ROOT, "%dh%dm", seconds / 3600, seconds % 3600 / 60);
    }
}
