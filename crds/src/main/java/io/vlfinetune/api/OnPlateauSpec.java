package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Objects;

/**
 * Lowers learning rates when a metric no longer gets better.
 *
 * @param metric an evaluation metric, such as in-domain/loss; a loss gets better when it falls, any other metric when it
 *     rises.
 * @param factor what the learning rates are multiplied by each time.
 * @param patience evaluations in a row that may pass without a better value.
 * @param minDelta how much better a value must be to count.
 * @param parts the parts whose learning rates fall; empty: all.
 */
public record OnPlateauSpec(
        @JsonPropertyDescription(
                "An evaluation metric, such as in-domain/loss. A loss gets better when it falls, any other metric when it rises.")
        @Required
        @Size(min = 1, max = 64)
        @Pattern(Patterns.METRIC)
        String metric,

        @JsonPropertyDescription("What the learning rates are multiplied by each time, above 0 and up to 1.")
        @Default("0.5")
        @Size(max = 32)
        @Pattern(Patterns.FACTOR)
        String factor,

        @JsonPropertyDescription("Evaluations in a row that may pass without a better value.")
        @Required
        @Min(1)
        @Max(1000)
        Integer patience,

        @JsonPropertyDescription("How much better a value must be to count.")
        @Default("0")
        @Size(max = 32)
        @Pattern(Patterns.DECIMAL)
        String minDelta,

        @JsonPropertyDescription("The parts whose learning rates fall. Empty: all.") @Size(max = 3)
        List<Part> parts) {
    /** Puts the defaults in the place of absent fields. */
    public OnPlateauSpec {
        factor = Objects.requireNonNullElse(factor, "0.5");
        minDelta = Objects.requireNonNullElse(minDelta, "0");
        parts = List.copyOf(Objects.requireNonNullElse(parts, List.of()));
    }

    /** When the metric counts as no longer getting better. */
    public PlateauSpec plateau() {
        return new PlateauSpec(metric, patience, minDelta);
    }

    /** Whether the rates of a part fall. */
    public boolean covers(Part part) {
        return parts.isEmpty() || parts.contains(part);
    }
}
