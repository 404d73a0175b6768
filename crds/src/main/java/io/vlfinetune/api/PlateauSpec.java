package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.Objects;

/**
 * When a metric counts as no longer getting better.
 *
 * @param metric an evaluation metric, such as in-domain/loss; a loss gets better when it falls, any other metric when it
 *     rises.
 * @param patience evaluations in a row that may pass without a better value.
 * @param minDelta how much better a value must be to count.
 */
public record PlateauSpec(
        @JsonPropertyDescription(
                "An evaluation metric, such as in-domain/loss. A loss gets better when it falls, any other metric when it rises.")
        @Required
        @Size(min = 1, max = 64)
        @Pattern(Patterns.METRIC)
        String metric,

        @JsonPropertyDescription("Evaluations in a row that may pass without a better value.")
        @Required
        @Min(1)
        @Max(1000)
        Integer patience,

        @JsonPropertyDescription("How much better a value must be to count.")
        @Default("0")
        @Size(max = 32)
        @Pattern(Patterns.DECIMAL)
        String minDelta) {
    /** Puts the default in the place of an absent field. */
    public PlateauSpec {
        minDelta = Objects.requireNonNullElse(minDelta, "0");
    }
}
