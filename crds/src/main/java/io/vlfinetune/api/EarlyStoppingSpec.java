package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/**
 * When to stop before the last step.
 *
 * @param metric an evaluation metric, such as in-domain/accuracy; a loss gets better when it falls, any other metric when
 *     it rises
 * @param patience evaluations in a row that may pass without a better value
 */
public record EarlyStoppingSpec(
        @JsonPropertyDescription(
                "An evaluation metric, such as in-domain/accuracy. A loss gets better when it falls, any other metric when it rises.")
        @Required
        @Size(min = 1, max = 64)
        @Pattern(Patterns.METRIC)
        String metric,

        @JsonPropertyDescription("Evaluations in a row that may pass without a better value.")
        @Required
        @Min(1)
        @Max(1000)
        Integer patience) {}
