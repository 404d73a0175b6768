package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import java.util.Objects;

/**
 * How often a run is tried.
 *
 * @param maxRestarts attempts after the first that failures may cost.
 */
public record LifecycleSpec(
        @JsonPropertyDescription("Attempts after the first that failures may cost.") @Default("3") @Min(0) @Max(100)
        Integer maxRestarts) {
    /** Three restarts. */
    public static final LifecycleSpec DEFAULT = new LifecycleSpec(3);

    /** Puts the default in the place of an absent field. */
    public LifecycleSpec {
        maxRestarts = Objects.requireNonNullElse(maxRestarts, 3);
    }
}
