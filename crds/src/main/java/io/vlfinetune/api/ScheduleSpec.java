package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import java.util.Objects;

/**
 * How the learning rate goes over the steps.
 *
 * @param name constant, or falling to zero at the last step: Linear, Cosine, or WarmupStableDecay over the last tenth.
 * @param warmupRatio share of the steps over which the learning rate rises from zero.
 */
public record ScheduleSpec(
        @JsonPropertyDescription(
                "Constant, or falling to zero at the last step: Linear, Cosine, or WarmupStableDecay over the last tenth.")
        @Default("Cosine")
        ScheduleName name,

        @JsonPropertyDescription("Share of the steps over which the learning rate rises from zero.")
        @Default("0")
        @Size(max = 32)
        @Pattern(Patterns.SHARE)
        String warmupRatio) {
    /** Cosine without warm-up. */
    public static final ScheduleSpec DEFAULT = new ScheduleSpec(ScheduleName.Cosine, "0");

    /** Puts the defaults in the place of absent fields. */
    public ScheduleSpec {
        name = Objects.requireNonNullElse(name, ScheduleName.Cosine);
        warmupRatio = Objects.requireNonNullElse(warmupRatio, "0");
    }
}
