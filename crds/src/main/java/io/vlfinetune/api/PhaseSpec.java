package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of the run with switches and rules of its own.
 *
 * @param name name of the phase, shown in plan, status and metrics.
 * @param until when the next phase begins; absent in the last one, which lasts to the end of the run.
 * @param visionTower freeze the vision tower.
 * @param projector freeze the projector.
 * @param languageModel freeze the language model.
 * @param rules exceptions from the switches. Rules apply in order; the last one that matches a tensor decides.
 */
@ValidationRule(
        value =
                "!(has(self.visionTower) && self.visionTower && has(self.projector) && self.projector && has(self.languageModel) && self.languageModel) || (has(self.rules) && size(self.rules) > 0)",
        message =
                "everything is frozen in this phase: leave one of visionTower, projector and languageModel false, or add a rule with frozen: false")
public record PhaseSpec(
        @JsonPropertyDescription("Name of the phase, shown in plan, status and metrics.")
        @Required
        @Size(min = 1, max = 40)
        @Pattern(Patterns.LABEL)
        String name,

        @JsonPropertyDescription(
                "When the next phase begins. Absent in the last one, which lasts to the end of the run.")
        @Nullable
        PhaseEnd until,

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
        @Size(max = 32)
        List<FreezeRule> rules) {
    /** Puts the defaults in the place of absent fields. */
    public PhaseSpec {
        visionTower = Objects.requireNonNullElse(visionTower, false);
        projector = Objects.requireNonNullElse(projector, false);
        languageModel = Objects.requireNonNullElse(languageModel, false);
        rules = List.copyOf(Objects.requireNonNullElse(rules, List.of()));
    }
}
