package io.vlfinetune.trainer;

import io.vlfinetune.api.DataSpec;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.ModelSpec;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.memory.MemoryPlan;
import io.vlfinetune.trainer.memory.Workload;
import io.vlfinetune.trainer.source.Sources;
import io.vlfinetune.trainer.training.TrainingLoop;
import java.util.OptionalLong;

/** Answers what a declaration would train, without training and without loading the engine. */
public final class Planning {
    private Planning() {}

    /**
     * Resolves a declaration.
     *
     * @throws TrainerException InvalidSpec or ModelUnsupported, with what is wrong and where
     */
    public static PlanDocument plan(Sources sources, ModelSpec model, FreezeSpec freeze, TrainingSpec training) {
        try (PlannedModel planned = PlannedModel.open(
                sources.folder(model.source(), "spec.model.source").path(), freeze)) {
            return planned.document(training);
        }
    }

    /**
     * Resolves a declaration and estimates the memory of each phase, if its data is at hand.
     *
     * @param limit what the pod would be given
     * @throws TrainerException InvalidSpec, ModelUnsupported or DataInvalid, with what is wrong and where
     */
    public static PlanDocument plan(
            Sources sources,
            ModelSpec model,
            DataSpec data,
            FreezeSpec freeze,
            TrainingSpec training,
            OptionalLong limit) {
        try (PlannedModel planned = PlannedModel.open(
                        sources.folder(model.source(), "spec.model.source").path(), freeze);
                DataSets sets = DataSets.of(planned, data.maxLength())) {
            PlanDocument document = planned.document(training);
            TrainingLoop.Data opened;
            try {
                opened = sets.open(data, sources);
            } catch (TrainerException problem) {
                if (problem.reason() == Reason.SourceUnavailable) {
                    return document;
                }
                throw problem;
            }
            Workload workload = Workload.of(
                    opened.train(), opened.evaluation().values(), planned.blueprint(), training.batchSize());
            MemoryPlan memory = MemoryPlan.of(planned.blueprint(), planned.phases(), training, workload, limit);
            return document.with(memory.estimates());
        }
    }
}
