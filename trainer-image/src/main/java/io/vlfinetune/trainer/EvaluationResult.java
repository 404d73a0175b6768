package io.vlfinetune.trainer;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/**
 * What a model achieves on a data set.
 *
 * @param samples samples of the set
 * @param tokens assistant tokens of the set
 * @param loss mean cross entropy over the assistant tokens, in Float32
 * @param accuracy share of samples whose answer tokens are all right
 */
@JsonPropertyOrder({"samples", "tokens", "loss", "accuracy"})
public record EvaluationResult(long samples, long tokens, double loss, double accuracy) {}
