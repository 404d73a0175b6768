package io.vlfinetune.trainer.optimize;

import io.vlfinetune.api.ScheduleName;
import io.vlfinetune.api.ScheduleSpec;

/**
 * The factor on the peak learning rate, step by step, as transformers computes it ({@code optimization.py},
 * get_linear_schedule_with_warmup, get_cosine_schedule_with_warmup and get_wsd_schedule with a linear decay): the first
 * warm-up step has factor 0.
 *
 * @param name how it falls after the warm-up
 * @param warmupSteps steps over which it rises
 * @param totalSteps steps of the whole run
 */
public record LearningRateSchedule(ScheduleName name, long warmupSteps, long totalSteps) {
    /** Share of the steps over which WarmupStableDecay falls (Hu et al., arXiv:2404.06395). */
    private static final double DECAY_SHARE = 0.1;

    /** Reads a declaration; the warm-up is rounded up to whole steps. */
    public static LearningRateSchedule of(ScheduleSpec spec, long totalSteps) {
        double ratio = Double.parseDouble(spec.warmupRatio());
        return new LearningRateSchedule(spec.name(), (long) Math.ceil(totalSteps * ratio), totalSteps);
    }

    /**
     * The factor of a step.
     *
     * @param step completed steps before it, from 0
     */
    public double factor(long step) {
        if (step < warmupSteps) {
            return (double) step / warmupSteps;
        }
        long left = Math.max(1, totalSteps - warmupSteps);
        return switch (name) {
            case Constant -> 1;
            case Linear -> Math.max(0, (double) (totalSteps - step) / left);
            case WarmupStableDecay ->
                Math.clamp((totalSteps - step) / Math.max(1, Math.ceil(totalSteps * DECAY_SHARE)), 0.0, 1.0);
            case Cosine -> Math.max(0, 0.5 * (1 + StrictMath.cos(Math.PI * (step - warmupSteps) / left)));
        };
    }
}
