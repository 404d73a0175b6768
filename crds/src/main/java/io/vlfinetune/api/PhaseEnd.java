package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/**
 * When a phase ends and the next one begins, counted from the phase's own first step.
 *
 * @param steps after so many optimizer steps.
 * @param epochs after so many passes over the training data.
 * @param plateau after a metric has stopped getting better.
 */
@ValidationRule(
        value = "(has(self.steps) ? 1 : 0) + (has(self.epochs) ? 1 : 0) + (has(self.plateau) ? 1 : 0) == 1",
        message = "give exactly one of steps, epochs and plateau")
public record PhaseEnd(
        @JsonPropertyDescription("After so many optimizer steps.") @Min(1) @Max(100000000) @Nullable
        Integer steps,

        @JsonPropertyDescription("After so many passes over the training data.") @Min(1) @Max(10000) @Nullable
        Integer epochs,

        @JsonPropertyDescription("After a metric has stopped getting better.") @Nullable
        PlateauSpec plateau) {}
