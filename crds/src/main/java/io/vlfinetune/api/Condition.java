package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/**
 * A condition in the form of metav1.Condition.
 *
 * @param type type of the condition.
 * @param status true, False or Unknown.
 * @param observedGeneration generation of the spec that this condition is about.
 * @param lastTransitionTime when the status last changed.
 * @param reason one word for the cause.
 * @param message the cause in a sentence.
 */
public record Condition(
        @JsonPropertyDescription("Type of the condition.") @Required @Size(max = 316)
        String type,

        @JsonPropertyDescription("True, False or Unknown.") @Required @Pattern("^(True|False|Unknown)$")
        String status,

        @JsonPropertyDescription("Generation of the spec that this condition is about.") @Min(0) @Nullable
        Long observedGeneration,

        @JsonPropertyDescription("When the status last changed.") @Required @Size(max = 64)
        String lastTransitionTime,

        @JsonPropertyDescription("One word for the cause.") @Required @Size(max = 1024)
        String reason,

        @JsonPropertyDescription("The cause in a sentence.") @Required @Size(max = 32768)
        String message) {}
