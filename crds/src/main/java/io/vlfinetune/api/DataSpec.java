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
import org.jspecify.annotations.Nullable;

/**
 * Training and evaluation data.
 *
 * @param train files with training samples, read one after the other.
 * @param evaluation sets that are evaluated before the first step, every evaluateEvery steps, and after the last.
 * @param mediaRoot folder that image paths are relative to and may not leave. Absent: the folder of the data file.
 * @param maxLength longest sample in tokens, image tokens included. A longer one is an error: an image is never cut.
 */
public record DataSpec(
        @JsonPropertyDescription("Files with training samples, read one after the other.")
        @Required
        @Size(min = 1, max = 16)
        List<TrainingSource> train,

        @JsonPropertyDescription(
                "Sets that are evaluated before the first step, every evaluateEvery steps, and after the last.")
        @Size(max = 8)
        List<EvaluationSource> evaluation,

        @JsonPropertyDescription(
                "Folder that image paths are relative to and may not leave. Absent: the folder of the data file.")
        @Size(min = 1, max = 1024)
        @Pattern(Patterns.SOURCE)
        @Nullable
        String mediaRoot,

        @JsonPropertyDescription(
                "Longest sample in tokens, image tokens included. A longer one is an error: an image is never cut.")
        @Default("2048")
        @Min(1)
        @Max(1048576)
        Integer maxLength) {
    private static final int MAX_LENGTH = 2048;

    /** Puts the defaults in the place of absent fields. */
    public DataSpec {
        train = List.copyOf(Objects.requireNonNullElse(train, List.of()));
        evaluation = List.copyOf(Objects.requireNonNullElse(evaluation, List.of()));
        maxLength = Objects.requireNonNullElse(maxLength, MAX_LENGTH);
    }
}
