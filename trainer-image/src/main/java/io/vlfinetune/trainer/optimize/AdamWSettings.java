package io.vlfinetune.trainer.optimize;

/**
 * What stays the same over a run.
 *
 * @param beta1 decay of the mean of gradients
 * @param beta2 decay of the mean of squared gradients
 * @param epsilon keeps the division finite
 * @param maxGradientNorm gradients with a larger global norm are scaled down to it; infinity for no clipping
 */
public record AdamWSettings(double beta1, double beta2, double epsilon, double maxGradientNorm) {
    /** Refuses numbers without a meaning. */
    public AdamWSettings {
        if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && epsilon > 0 && maxGradientNorm > 0)) {
            throw new IllegalArgumentException(
                    "AdamW with " + beta1 + ", " + beta2 + ", " + epsilon + ", " + maxGradientNorm);
        }
    }
}
