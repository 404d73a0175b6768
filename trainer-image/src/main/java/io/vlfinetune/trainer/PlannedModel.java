package io.vlfinetune.trainer;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Families;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.freeze.PhasedPlan;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.freeze.PlanWriter;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;

/**
 * A base model and what a declaration makes of it, from configuration and headers alone: the engine is not loaded for
 * it.
 *
 * @param checkpoint the base model's folder
 * @param family what kind of model it is
 * @param blueprint its layers and roles
 * @param phases what is trained, phase by phase
 */
public record PlannedModel(Checkpoint checkpoint, Family family, Blueprint blueprint, PhasedPlan phases)
        implements AutoCloseable {
    /**
     * Opens a folder and resolves a declaration for it.
     *
     * @throws TrainerException ModelUnsupported or InvalidSpec
     */
    public static PlannedModel open(Path folder, FreezeSpec freeze) {
        Checkpoint checkpoint = Checkpoint.open(folder);
        try {
            Family family = Families.of(checkpoint.config());
            Blueprint blueprint = family.blueprint(checkpoint);
            PhasedPlan phases =
                    PhasedPlan.resolve(freeze, blueprint.table(checkpoint).spelled(family::layoutFreeKey));
            return new PlannedModel(checkpoint, family, blueprint, phases);
        } catch (RuntimeException problem) {
            checkpoint.close();
            throw problem;
        }
    }

    /** The plan of the whole run: frozen is what is frozen in every phase. */
    public FreezePlan plan() {
        return phases.whole();
    }

    /** The plan written out. */
    public PlanDocument document(TrainingSpec training) {
        return PlanWriter.write(phases, training);
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
