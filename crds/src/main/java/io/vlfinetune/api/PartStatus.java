package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/**
 * What the plan says of one part.
 *
 * @param part the part.
 * @param total its parameters.
 * @param trainable those that are trained.
 * @param frozenLayers numbered layers that are frozen whole, such as 0-2,5.
 * @param learningRate peak learning rate, lowest to highest where there are several; absent where nothing is trained.
 */
public record PartStatus(
        @JsonPropertyDescription("The part.") Part part,
        @JsonPropertyDescription("Its parameters.") Long total,
        @JsonPropertyDescription("Those that are trained.") Long trainable,

        @JsonPropertyDescription("Numbered layers that are frozen whole, such as 0-2,5.") @Size(max = 256) @Nullable
        String frozenLayers,

        @JsonPropertyDescription(
                "Peak learning rate, lowest to highest where there are several; absent where nothing is trained.")
        @Size(max = 64)
        @Nullable
        String learningRate) {}
