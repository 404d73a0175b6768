package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/**
 * The base model, a folder in Hugging Face layout.
 *
 * @param source folder of the base model in Hugging Face layout: pvc://claim/path, or file:// on a laptop without a cluster.
 */
public record ModelSpec(
        @JsonPropertyDescription(
                "Folder of the base model in Hugging Face layout: pvc://claim/path, or file:// on a laptop without a cluster.")
        @Required
        @Size(min = 1, max = 1024)
        @Pattern(Patterns.SOURCE)
        String source) {}
