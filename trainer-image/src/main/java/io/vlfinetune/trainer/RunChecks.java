package io.vlfinetune.trainer;

import io.vlfinetune.api.EarlyStoppingSpec;
import io.vlfinetune.api.OnPlateauSpec;
import io.vlfinetune.api.PhaseEnd;
import io.vlfinetune.api.PlateauSpec;
import io.vlfinetune.api.ProgressiveSpec;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.RunConfiguration;
import io.vlfinetune.trainer.freeze.PhasedPlan;
import io.vlfinetune.trainer.report.RunLog;
import io.vlfinetune.trainer.training.PhaseClock;
import io.vlfinetune.trainer.training.StepSamples;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a declaration can get wrong that no schema sees: fields that only make sense together.
 *
 * @param run as declared
 * @param log told of what is only a warning
 */
record RunChecks(RunConfiguration run, RunLog log) {
    /** Early stopping, plateaus and the choice of a model can look only at what is evaluated. */
    void requireMetrics() {
        List<String> known = run.data().evaluation().stream()
                .flatMap(set -> Stream.of(set.name() + "/loss", set.name() + "/accuracy"))
                .toList();
        EarlyStoppingSpec stopping = run.training().earlyStopping();
        requireMetric("spec.training.earlyStopping.metric", stopping == null ? null : stopping.metric(), known);
        requireMetric("spec.output.metric", run.output().metric(), known);
        OnPlateauSpec onPlateau = run.training().onPlateau();
        requirePlateau("spec.training.onPlateau", onPlateau == null ? null : onPlateau.plateau(), known);
        for (int i = 0; i < run.freeze().phases().size(); i++) {
            requirePlateau(
                    "spec.freeze.phases[" + i + "].until.plateau",
                    plateau(run.freeze().phases().get(i).until()),
                    known);
        }
        ProgressiveSpec progressive = run.freeze().progressive();
        requirePlateau(
                "spec.freeze.progressive.every.plateau",
                progressive == null ? null : plateau(progressive.every()),
                known);
    }

    private static @Nullable PlateauSpec plateau(@Nullable PhaseEnd until) {
        return until == null ? null : until.plateau();
    }

    /** Between the first and the last evaluation of a run there is no plateau unless others are made. */
    private void requirePlateau(String field, @Nullable PlateauSpec plateau, List<String> known) {
        if (plateau == null) {
            return;
        }
        requireMetric(field + ".metric", plateau.metric(), known);
        if (run.training().evaluateEvery() == null) {
            throw new TrainerException(
                    Reason.InvalidSpec, field + " looks at evaluations: give spec.training.evaluateEvery as well");
        }
    }

    /** A phase that the run can never reach is a mistake; of layers that unfreeze one by one some may never have their turn. */
    void requirePhases(PhasedPlan plan, StepSamples samples) {
        Optional<PhaseClock.Unreached> unreached =
                PhaseClock.unreached(plan, samples.stepsPerEpoch(), samples.totalSteps());
        if (unreached.isEmpty()) {
            return;
        }
        String what = "phase %s would begin after step %d, but the run has %d steps"
                .formatted(unreached.get().phase(), unreached.get().start(), samples.totalSteps());
        if (run.freeze().progressive() == null) {
            throw new TrainerException(
                    Reason.InvalidSpec,
                    "spec.freeze.phases: " + what + "; shorten the phases before it or train longer");
        }
        log.line("warning: spec.freeze.progressive: " + what + "; layers that it would unfreeze stay frozen");
    }

    private static void requireMetric(String field, @Nullable String metric, List<String> known) {
        if (metric != null && !known.contains(metric)) {
            throw new TrainerException(
                    Reason.InvalidSpec,
                    field + ": " + metric + " is not evaluated; "
                            + (known.isEmpty()
                                    ? "add a set to spec.data.evaluation"
                                    : "there are " + String.join(", ", known)));
        }
    }
}
