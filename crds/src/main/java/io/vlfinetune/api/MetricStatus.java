package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;

/**
 * One evaluation metric.
 *
 * @param name evaluation set and metric, such as in-domain/accuracy.
 * @param value latest value.
 * @param step step of the latest value.
 * @param best best value: the smallest loss, the largest of every other metric.
 * @param bestStep step of the best value.
 * @param baseline value of the base model, before the first step.
 */
public record MetricStatus(
        @JsonPropertyDescription("Evaluation set and metric, such as in-domain/accuracy.") @Size(max = 64)
        String name,

        @JsonPropertyDescription("Latest value.") @Size(max = 32)
        String value,

        @JsonPropertyDescription("Step of the latest value.")
        Long step,

        @JsonPropertyDescription("Best value: the smallest loss, the largest of every other metric.") @Size(max = 32)
        String best,

        @JsonPropertyDescription("Step of the best value.") Long bestStep,

        @JsonPropertyDescription("Value of the base model, before the first step.") @Size(max = 32)
        String baseline) {}
