package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/**
 * Where the trained model goes.
 *
 * @param destination folder that the trained model is written to, in Hugging Face layout: pvc://claim/path, or file:// on a laptop without a cluster.
 */
public record OutputSpec(
        @JsonPropertyDescription(
                "Folder that the trained model is written to, in Hugging Face layout: pvc://claim/path, or file:// on a laptop without a cluster.")
        @Required
        @Size(min = 1, max = 1024)
        @Pattern(Patterns.SOURCE)
        String destination) {}
