package io.vlfinetune.trainer.engine;

/**
 * The numbers of one AdamW update (Loshchilov and Hutter, arXiv:1711.05101).
 *
 * @param learningRate step size
 * @param beta1 decay of the mean of gradients
 * @param beta2 decay of the mean of squared gradients
 * @param weightDecay decay of the weights, times the learning rate
 * @param epsilon keeps the division finite
 */
public record AdamWNumbers(double learningRate, double beta1, double beta2, double weightDecay, double epsilon) {}
