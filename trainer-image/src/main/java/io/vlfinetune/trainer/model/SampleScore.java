package io.vlfinetune.trainer.model;

/**
 * How well a model answers one sample.
 *
 * @param id where the sample comes from
 * @param crossEntropy sum over its target tokens
 * @param targets how many target tokens
 * @param correct how many of them have the highest logit
 */
public record SampleScore(String id, double crossEntropy, int targets, int correct) {
    /** Whether there is an answer and every token of it is right. */
    public boolean exact() {
        return targets > 0 && correct == targets;
    }
}
