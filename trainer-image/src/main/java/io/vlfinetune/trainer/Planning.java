package io.vlfinetune.trainer;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.ModelSpec;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.source.Sources;

/** Answers what a declaration would train, without training and without loading the engine. */
public final class Planning {
    private Planning() {}

    /**
     * Resolves a declaration.
     *
     * @throws TrainerException InvalidSpec or ModelUnsupported, with what is wrong and where
     */
    public static PlanDocument plan(Sources sources, ModelSpec model, FreezeSpec freeze, TrainingSpec training) {
        try (PlannedModel planned = PlannedModel.open(sources.resolve(model.source(), "spec.model.source"), freeze)) {
            return planned.document(training);
        }
    }
}
