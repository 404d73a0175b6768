package io.vlfinetune.api;

/** Which of the models met during training is written. */
public enum OutputSelection {
    /** The one of the last step. */
    Last,
    /** The one whose evaluation gave the best value of a metric; the earliest of equals. */
    Best
}
