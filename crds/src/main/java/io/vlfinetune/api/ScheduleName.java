package io.vlfinetune.api;

/** How the learning rate goes after the warm-up. */
public enum ScheduleName {
    /** Stays. */
    Constant,
    /** Falls on a line to zero at the last step. */
    Linear,
    /** Falls on half a cosine to zero at the last step. */
    Cosine,
    /** Stays, and falls on a line to zero over the last tenth of the steps. */
    WarmupStableDecay
}
