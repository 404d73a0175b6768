package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.Objects;

/**
 * A named file with evaluation samples.
 *
 * @param name name of the set; its metrics are called &lt;name>/loss and &lt;name>/accuracy.
 * @param source A .jsonl file (one sample a line), a .json file (an array of samples) or a .parquet file (one sample a row).
 * @param format how a sample is written down. Auto tells it from the first one.
 */
public record EvaluationSource(
        @JsonPropertyDescription("Name of the set; its metrics are called <name>/loss and <name>/accuracy.")
        @Required
        @Size(min = 1, max = 40)
        @Pattern(Patterns.LABEL)
        String name,

        @JsonPropertyDescription(
                "A .jsonl file (one sample a line), a .json file (an array of samples) or a .parquet file (one sample a row).")
        @Required
        @Size(min = 1, max = 1024)
        @Pattern(Patterns.SOURCE)
        String source,

        @JsonPropertyDescription("How a sample is written down. Auto tells it from the first one.") @Default("Auto")
        DataFormat format) {
    /** Puts the default in the place of an absent format. */
    public EvaluationSource {
        format = Objects.requireNonNullElse(format, DataFormat.Auto);
    }
}
