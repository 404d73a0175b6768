package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/**
 * Some of the numbered layers of a part, counted from 0 at the input.
 *
 * @param first the first so many layers.
 * @param last the last so many layers.
 * @param from the first layer of a range, from 0.
 * @param to the last layer of a range, itself included.
 */
@ValidationRule(
        value = "(has(self.first) ? 1 : 0) + (has(self.last) ? 1 : 0) + (has(self.from) || has(self.to) ? 1 : 0) == 1",
        message = "give exactly one of first, last, and from with to")
@ValidationRule(value = "has(self.from) == has(self.to)", message = "from and to go together")
@ValidationRule(value = "!has(self.from) || !has(self.to) || self.from <= self.to", message = "from is larger than to")
public record LayerRange(
        @JsonPropertyDescription("The first so many layers.") @Min(1) @Max(1000) @Nullable
        Integer first,

        @JsonPropertyDescription("The last so many layers.") @Min(1) @Max(1000) @Nullable
        Integer last,

        @JsonPropertyDescription("The first layer of a range, from 0.") @Min(0) @Max(1000) @Nullable
        Integer from,

        @JsonPropertyDescription("The last layer of a range, itself included.") @Min(0) @Max(1000) @Nullable
        Integer to) {}
