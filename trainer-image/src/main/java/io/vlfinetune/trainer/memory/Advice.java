package io.vlfinetune.trainer.memory;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.RecomputeMode;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.freeze.PhasedPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a declaration that does not fit could say instead.
 *
 * @param blueprint the model
 * @param plan as declared
 * @param freeze as declared
 * @param training as declared
 * @param workload the largest batch as declared
 * @param limit bytes
 */
record Advice(
        Blueprint blueprint, PhasedPlan plan, FreezeSpec freeze, TrainingSpec training, Workload workload, long limit) {
    /** Changes that fit, the least first. */
    List<String> fitting() {
        List<String> found = new ArrayList<>();
        if (training.recompute() != RecomputeMode.Always) {
            add(found, "spec.training.recompute: Always", plan, training.with(RecomputeMode.Always), workload);
        }
        smallerBatch(found);
        if (freeze.phases().isEmpty() && freeze.progressive() == null) {
            frozen(
                    found,
                    "spec.freeze.visionTower: true",
                    new FreezeSpec(true, freeze.projector(), freeze.languageModel(), freeze.rules()));
            frozen(
                    found,
                    "spec.freeze.languageModel: true",
                    new FreezeSpec(freeze.visionTower(), freeze.projector(), true, freeze.rules()));
            frozen(
                    found,
                    "spec.freeze: {visionTower: true, languageModel: true}",
                    new FreezeSpec(true, false, true, freeze.rules()));
        }
        return found;
    }

    /** A divisor of the batch with as much more accumulation is the same training; the largest that fits. */
    private void smallerBatch(List<String> found) {
        int before = found.size();
        for (int times = 2; times <= training.batchSize() && found.size() == before; times++) {
            if (training.batchSize() % times != 0) {
                continue;
            }
            int batch = training.batchSize() / times;
            int accumulation = training.gradientAccumulation() * times;
            add(
                    found,
                    "spec.training.batchSize: " + batch + " with gradientAccumulation: " + accumulation,
                    plan,
                    training.with(batch, accumulation),
                    workload.share(times));
        }
    }

    private void frozen(List<String> found, String words, FreezeSpec changed) {
        boolean news = false;
        for (Part part : Part.values()) {
            news |= changed.frozen(part) != freeze.frozen(part);
        }
        if (news) {
            try {
                add(
                        found,
                        words,
                        PhasedPlan.resolve(
                                changed, plan.phases().getFirst().plan().table()),
                        training,
                        workload);
            } catch (TrainerException trainsNothing) {
                // Then it is no advice.
            }
        }
    }

    private void add(List<String> found, String words, PhasedPlan changed, TrainingSpec how, Workload what) {
        Optional<Long> total = Optional.of(MemoryPlan.of(blueprint, changed, how, what, OptionalLong.of(limit))
                        .total())
                .filter(bytes -> bytes <= limit);
        total.ifPresent(bytes -> found.add(words + " (about " + MemoryPlan.size(bytes) + ")"));
    }
}
