package io.vlfinetune.trainer.optimize;

/**
 * How far one tensor moves in one step. Tensors with equal rates are updated together.
 *
 * @param learningRate step size
 * @param weightDecay decay, times the learning rate
 */
public record Rate(double learningRate, double weightDecay) {}
