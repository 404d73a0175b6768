package io.vlfinetune.trainer.training;

import io.vlfinetune.api.Part;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.optimize.GradientNorms;
import io.vlfinetune.trainer.optimize.ParameterGroup;
import io.vlfinetune.trainer.optimize.Rate;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.ToDoubleFunction;

/**
 * An optimizer step that was taken: micro-batches, weighted by their target tokens, and one update.
 *
 * @param loss mean cross entropy over the target tokens, before the update
 * @param norms of the gradients, before clipping
 * @param rates highest learning rate of each part that is trained
 * @param tokens tokens of all samples
 * @param seconds wall time
 */
record OptimizerStep(double loss, GradientNorms norms, Map<Part, Double> rates, long tokens, double seconds) {
    /**
     * Takes one, or none: a stop that is asked for between two micro-batches does not wait for the others.
     *
     * @param executor of the present phase
     * @param prepared its micro-batches
     * @param number of the step, from 1
     * @param factor on the peak learning rates of a part
     * @param stop asked between micro-batches
     * @return the step; empty if it was to stop, and then nothing was updated
     * @throws TrainerException Diverged, when loss or gradients are no longer finite; then nothing was updated
     */
    static Optional<OptimizerStep> take(
            LoadedModel model,
            Executor executor,
            StepBatches.Step prepared,
            long number,
            ToDoubleFunction<Part> factor,
            BooleanSupplier stop) {
        long begun = System.nanoTime();
        double loss = 0;
        long tokens = 0;
        try (Gradients gradients = new Gradients(model.ops())) {
            while (prepared.batches().hasNext()) {
                if (tokens > 0 && stop.getAsBoolean()) {
                    return Optional.empty();
                }
                List<EncodedSample> part = prepared.batches().next();
                tokens += part.stream()
                        .mapToLong(sample -> sample.inputIds().length)
                        .sum();
                try (Batch batch = batch(model, part)) {
                    loss += executor.step(batch, prepared.targets(), gradients);
                }
            }
            requireFinite(number, "loss", loss);
            GradientNorms norms = model.optimizer().step(gradients.byTensor(), tensor -> rate(model, tensor, factor));
            requireFinite(number, "gradient norm", norms.total());
            double seconds = (System.nanoTime() - begun) / 1e9;
            return Optional.of(new OptimizerStep(loss, norms, rates(model, factor), tokens, seconds));
        }
    }

    private static Batch batch(LoadedModel model, List<EncodedSample> part) {
        return Batch.of(
                model.ops(),
                part,
                model.planned().blueprint().padToken(),
                model.planned().blueprint().imageToken());
    }

    private static Rate rate(LoadedModel model, String tensor, ToDoubleFunction<Part> factor) {
        ParameterGroup group = model.groups().of(tensor);
        return new Rate(group.learningRate() * factor.applyAsDouble(group.part()), group.weightDecay());
    }

    private static Map<Part, Double> rates(LoadedModel model, ToDoubleFunction<Part> factor) {
        Map<Part, Double> rates = new EnumMap<>(Part.class);
        model.groups().highest().forEach((part, rate) -> rates.put(part, rate * factor.applyAsDouble(part)));
        return rates;
    }

    private static void requireFinite(long number, String what, double value) {
        if (!Double.isFinite(value)) {
            throw new TrainerException(
                    Reason.Diverged,
                    "step " + number + ": the " + what + " is " + value
                            + "; nothing of this step was applied. Lower spec.training.learningRate or lengthen the warm-up");
        }
    }
}
