package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/**
 * Freezes or unfreezes what it selects: a part, some layers of a part, a role, or tensors by name.
 *
 * @param part selects the tensors of a part.
 * @param role selects the tensors of a role.
 * @param tensors selects tensors by name in the checkpoint; * stands for any characters.
 * @param layers narrows a part to some of its numbered layers.
 * @param frozen whether the selected tensors are frozen.
 * @param learningRate peak learning rate of the selected tensors, in the place of the part's; layer decay leaves it alone.
 */
@ValidationRule(
        value = "(has(self.part) ? 1 : 0) + (has(self.role) ? 1 : 0) + (has(self.tensors) ? 1 : 0) == 1",
        message = "a rule selects by exactly one of part, role and tensors")
@ValidationRule(value = "!has(self.layers) || has(self.part)", message = "layers narrows a part: give part as well")
@ValidationRule(
        value = "!has(self.layers) || !has(self.part) || self.part != 'Projector'",
        message = "the projector has no numbered layers: leave layers out")
@ValidationRule(
        value = "!has(self.learningRate) || !has(self.frozen) || !self.frozen",
        message = "a frozen tensor has no learning rate: leave learningRate out or set frozen: false")
public record FreezeRule(
        @JsonPropertyDescription("Selects the tensors of a part.") @Nullable
        Part part,

        @JsonPropertyDescription("Selects the tensors of a role.") @Nullable
        Role role,

        @JsonPropertyDescription(
                "Selects tensors by name in the checkpoint, such as model.visual.merger.*; * stands for any characters.")
        @Size(min = 1, max = 256)
        @Pattern("^[-A-Za-z0-9_.*]+$")
        @Nullable
        String tensors,

        @JsonPropertyDescription("Narrows a part to some of its numbered layers.") @Nullable
        LayerRange layers,

        @JsonPropertyDescription("Whether the selected tensors are frozen.") @Required
        Boolean frozen,

        @JsonPropertyDescription(
                "Peak learning rate of the selected tensors, in the place of the part's; layer decay leaves it alone.")
        @Size(max = 32)
        @Pattern(Patterns.DECIMAL)
        @Nullable
        String learningRate) {
    /** A rule by part, layers or role, without a learning rate of its own. */
    public FreezeRule(@Nullable Part part, @Nullable Role role, @Nullable LayerRange layers, Boolean frozen) {
        this(part, role, null, layers, frozen, null);
    }
}
