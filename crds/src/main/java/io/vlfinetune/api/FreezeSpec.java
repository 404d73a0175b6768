package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is not trained. All three switches off and no rules is full tuning.
 *
 * @param visionTower freeze the vision tower: patch embedding, positions, blocks and norms.
 * @param projector freeze the projector between vision tower and language model.
 * @param languageModel freeze the language model: token embedding, blocks, norm and output head.
 * @param rules exceptions from the switches. Rules apply in order; the last one that matches a tensor decides.
 * @param phases stretches of the run with switches and rules of their own, one after the other, instead of the fields above.
 * @param progressive unfreezes a frozen part layer by layer, from the top down; short for phases.
 */
@ValidationRule(
        value =
                "!(has(self.visionTower) && self.visionTower && has(self.projector) && self.projector && has(self.languageModel) && self.languageModel) || (has(self.rules) && size(self.rules) > 0)",
        message =
                "everything is frozen: leave one of visionTower, projector and languageModel false, or add a rule with frozen: false")
@ValidationRule(
        value =
                "!has(self.phases) || size(self.phases) == 0 || !((has(self.visionTower) && self.visionTower) || (has(self.projector) && self.projector) || (has(self.languageModel) && self.languageModel) || (has(self.rules) && size(self.rules) > 0) || has(self.progressive))",
        message =
                "with phases, every phase says what it freezes: leave visionTower, projector, languageModel, rules and progressive out beside them")
@ValidationRule(
        value =
                "!has(self.phases) || size(self.phases) == 0 || (self.phases.filter(p, !has(p.until)).size() == 1 && !has(self.phases[size(self.phases) - 1].until))",
        message =
                "every phase but the last says until when it lasts, and the last one lasts to the end: leave its until out")
@ValidationRule(
        value = "!has(self.phases) || self.phases.all(p, self.phases.exists_one(q, q.name == p.name))",
        message = "two phases have the same name")
@ValidationRule(
        value =
                "!has(self.progressive) || (self.progressive.part == 'VisionTower' && has(self.visionTower) && self.visionTower) || (self.progressive.part == 'LanguageModel' && has(self.languageModel) && self.languageModel)",
        message = "progressive unfreezes a frozen part: set the switch of its part to true")
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
        List<FreezeRule> rules,

        @JsonPropertyDescription(
                "Stretches of the run with switches and rules of their own, one after the other, instead of the fields above.")
        @Size(max = 16)
        List<PhaseSpec> phases,

        @JsonPropertyDescription("Unfreezes a frozen part layer by layer, from the top down; short for phases.")
        @Nullable
        ProgressiveSpec progressive) {
    /** Nothing is frozen. */
    public static final FreezeSpec NOTHING = new FreezeSpec(false, false, false, List.of());

    /** Puts the defaults in the place of absent fields. */
    public FreezeSpec {
        visionTower = Objects.requireNonNullElse(visionTower, false);
        projector = Objects.requireNonNullElse(projector, false);
        languageModel = Objects.requireNonNullElse(languageModel, false);
        rules = List.copyOf(Objects.requireNonNullElse(rules, List.of()));
        phases = List.copyOf(Objects.requireNonNullElse(phases, List.of()));
    }

    /** The same over the whole run. */
    public FreezeSpec(Boolean visionTower, Boolean projector, Boolean languageModel, List<FreezeRule> rules) {
        this(visionTower, projector, languageModel, rules, List.of(), null);
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
