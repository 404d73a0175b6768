package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;

/**
 * Unfreezes the numbered layers of a frozen part from the top down, some more in each phase.
 *
 * @param part the part, whose switch says frozen.
 * @param layersPerPhase how many more layers each phase unfreezes.
 * @param every how long a phase lasts.
 */
@ValidationRule(value = "self.part != 'Projector'", message = "the projector has no numbered layers")
public record ProgressiveSpec(
        @JsonPropertyDescription("The part, whose switch says frozen.") @Required
        Part part,

        @JsonPropertyDescription("How many more layers each phase unfreezes.") @Required @Min(1) @Max(1000)
        Integer layersPerPhase,

        @JsonPropertyDescription("How long a phase lasts.") @Required
        PhaseEnd every) {}
