package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Objects;

/**
 * What is not trained. All three switches off and no rules is full tuning.
 *
 * @param visionTower freeze the vision tower: patch embedding, positions, blocks and norms.
 * @param projector freeze the projector between vision tower and language model.
 * @param languageModel freeze the language model: token embedding, blocks, norm and output head.
 * @param rules exceptions from the switches. Rules apply in order; the last one that matches a tensor decides.
 */
@ValidationRule(
        value =
                "!(has(self.visionTower) && self.visionTower && has(self.projector) && self.projector && has(self.languageModel) && self.languageModel) || (has(self.rules) && size(self.rules) > 0)",
        message =
                "everything is frozen: leave one of visionTower, projector and languageModel false, or add a rule with frozen: false")
public record FreezeSpec(
        @JsonPropertyDescription("Freeze the vision tower: patch embedding, positions, blocks and norms.")
        @Default("false")
        Boolean visionTower,

        @JsonPropertyDescription("Freeze the projector between vision tower and language model.") @Default("false")
        Boolean projector,

        @JsonPropertyDescription("Freeze the language model: token embedding, blocks, norm and output head.")
        @Default("false")
        Boolean languageModel,

        @JsonPropertyDescription(
                "Exceptions from the switches. Rules apply in order; the last one that matches a tensor decides.")
        @Size(max = 64)
        List<FreezeRule> rules) {
    /** Nothing is frozen. */
    public static final FreezeSpec NOTHING = new FreezeSpec(false, false, false, List.of());

    /** Puts the defaults in the place of absent fields. */
    public FreezeSpec {
        visionTower = Objects.requireNonNullElse(visionTower, false);
        projector = Objects.requireNonNullElse(projector, false);
        languageModel = Objects.requireNonNullElse(languageModel, false);
        rules = List.copyOf(Objects.requireNonNullElse(rules, List.of()));
    }

    /** Whether the switch of a part says frozen. */
    public boolean frozen(Part part) {
        return switch (part) {
            case VisionTower -> Boolean.TRUE.equals(visionTower);
            case Projector -> Boolean.TRUE.equals(projector);
            case LanguageModel -> Boolean.TRUE.equals(languageModel);
        };
    }
}
