package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/**
 * Factors by which the learning rate falls from one numbered layer to the layer below it. The top layer has the part's
 * rate; what lies below the layers, such as embeddings, counts as one layer more.
 *
 * @param visionTower factor of the vision tower, above 0 and up to 1.
 * @param languageModel factor of the language model, above 0 and up to 1.
 */
public record LayerDecaySpec(
        @JsonPropertyDescription("Factor of the vision tower, above 0 and up to 1.")
        @Size(max = 32)
        @Pattern(Patterns.FACTOR)
        @Nullable
        String visionTower,

        @JsonPropertyDescription("Factor of the language model, above 0 and up to 1.")
        @Size(max = 32)
        @Pattern(Patterns.FACTOR)
        @Nullable
        String languageModel) {
    /** No decay. */
    public static final LayerDecaySpec NONE = new LayerDecaySpec(null, null);

    /** The factor of a part; null if its layers have equal rates. */
    @Nullable
    public String of(Part part) {
        return switch (part) {
            case VisionTower -> visionTower;
            case Projector -> null;
            case LanguageModel -> languageModel;
        };
    }
}
