package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/**
 * Freezes or unfreezes what it selects: a part, some layers of a part, or a role.
 *
 * @param part selects the tensors of a part.
 * @param role selects the tensors of a role.
 * @param layers narrows a part to some of its numbered layers.
 * @param frozen whether the selected tensors are frozen.
 */
@ValidationRule(value = "has(self.part) != has(self.role)", message = "a rule selects by exactly one of part and role")
@ValidationRule(value = "!has(self.layers) || has(self.part)", message = "layers narrows a part: give part as well")
@ValidationRule(
        value = "!has(self.layers) || !has(self.part) || self.part != 'Projector'",
        message = "the projector has no numbered layers: leave layers out")
public record FreezeRule(
        @JsonPropertyDescription("Selects the tensors of a part.") @Nullable
        Part part,

        @JsonPropertyDescription("Selects the tensors of a role.") @Nullable
        Role role,

        @JsonPropertyDescription("Narrows a part to some of its numbered layers.") @Nullable
        LayerRange layers,

        @JsonPropertyDescription("Whether the selected tensors are frozen.") @Required
        Boolean frozen) {}
