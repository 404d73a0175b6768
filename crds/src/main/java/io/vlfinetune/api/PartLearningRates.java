package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/**
 * Learning rates by part.
 *
 * @param visionTower of the vision tower.
 * @param projector of the projector.
 * @param languageModel of the language model.
 */
public record PartLearningRates(
        @JsonPropertyDescription("Of the vision tower.") @Size(max = 32) @Pattern(Patterns.DECIMAL) @Nullable
        String visionTower,

        @JsonPropertyDescription("Of the projector.") @Size(max = 32) @Pattern(Patterns.DECIMAL) @Nullable
        String projector,

        @JsonPropertyDescription("Of the language model.") @Size(max = 32) @Pattern(Patterns.DECIMAL) @Nullable
        String languageModel) {
    /** No part has a rate of its own. */
    public static final PartLearningRates NONE = new PartLearningRates(null, null, null);

    /** The rate of a part; null if it has none of its own. */
    @Nullable
    public String of(Part part) {
        return switch (part) {
            case VisionTower -> visionTower;
            case Projector -> projector;
            case LanguageModel -> languageModel;
        };
    }
}
