package io.vlfinetune.cli.report;

import io.vlfinetune.api.Precision;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.trainer.freeze.PlanDocument;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All that a report says of one run.
 *
 * @param name name of the run
 * @param succeeded whether it reached its end
 * @param message how it ended, in a sentence
 * @param status its status
 * @param plan the plan tensor by tensor; absent where the declaration could not be resolved
 * @param planProblem why the plan is absent
 * @param precision precision of weights and arithmetic
 * @param metrics steps and evaluations
 * @param trainerTime time in which a trainer lived, summed over attempts
 * @param settings the resource's spec as YAML
 * @param versions versions of what made the model, by name
 * @param page where the run's own page lies, relative to the comparison's
 */
public record RunReport(
        String name,
        boolean succeeded,
        String message,
        VLFineTuneStatus status,
        @Nullable PlanDocument plan,
        @Nullable String planProblem,
        Precision precision,
        RunMetrics metrics,
        Duration trainerTime,
        String settings,
        Map<String, String> versions,
        String page) {
    /** The name of the file. */
    public static final String FILE = "report.html";

    /** Keeps a copy of the versions. */
    public RunReport {
        versions = new TreeMap<>(versions);
    }
}
