package io.vlfinetune.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/**
 * The base model, a folder in Hugging Face layout.
 *
 * @param source folder of the base model in Hugging Face layout: pvc://claim/path, or file:// on a laptop without a cluster.
 * @param secretName Secret of this namespace with the credentials for the source; mounted as files, never as environment.
 */
public record ModelSpec(
        @JsonPropertyDescription(
                "Folder of the base model in Hugging Face layout: pvc://claim/path, or file:// on a laptop without a cluster.")
        @Required
        @Size(min = 1, max = 1024)
        @Pattern(Patterns.SOURCE)
        String source,

        @JsonPropertyDescription(
                "Secret of this namespace with the credentials for the source; mounted as files, never as environment.")
        @Size(min = 1, max = 253)
        @Pattern(Patterns.SUBDOMAIN)
        @Nullable
        String secretName) {
    /** A source that asks for no credentials. */
    public ModelSpec(String source) {
        this(source, null);
    }
}
