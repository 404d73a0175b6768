package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where the trained model goes, and which one.
 *
 * @param destination folder that the trained model is written to, in Hugging Face layout: pvc://claim/path, or file:// on
 *     a laptop without a cluster.
 * @param secretName Secret of this namespace with the credentials for the destination; mounted as files, never as environment.
 * @param select the model of the last step, or the one with the best value of a metric.
 * @param metric the metric of Best, such as in-domain/accuracy.
 */
@ValidationRule(
        value = "(has(self.select) && self.select == 'Best') == has(self.metric)",
        message = "select: Best and metric go together")
public record OutputSpec(
        @JsonPropertyDescription(
                "Folder that the trained model is written to, in Hugging Face layout: pvc://claim/path, or file:// on a laptop without a cluster.")
        @Required
        @Size(min = 1, max = 1024)
        @Pattern(Patterns.SOURCE)
        String destination,

        @JsonPropertyDescription(
                "Secret of this namespace with the credentials for the destination; mounted as files, never as environment.")
        @Size(min = 1, max = 253)
        @Pattern(Patterns.SUBDOMAIN)
        @Nullable
        String secretName,

        @JsonPropertyDescription("The model of the last step, or the one with the best value of a metric.")
        @Default("Last")
        OutputSelection select,

        @JsonPropertyDescription(
                "The metric of Best, such as in-domain/accuracy. A loss gets better when it falls, any other metric when it rises.")
        @Size(min = 1, max = 64)
        @Pattern(Patterns.METRIC)
        @Nullable
        String metric) {
    /** The model of the last step. */
    public OutputSpec(String destination) {
        this(destination, null, OutputSelection.Last, null);
    }

    /** Puts the default in the place of an absent selection. */
    public OutputSpec {
        select = Objects.requireNonNullElse(select, OutputSelection.Last);
    }
}
