package io.vlfinetune.trainer.processor;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.weights.Digests;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The chat template of a model folder, a Jinja text.
 *
 * @param text the template
 * @param where file and field it was read from, for messages
 */
public record TemplateFile(String text, String where) {
    /** Looks where transformers looks, in its order; empty if the folder has no template. */
    public static Optional<TemplateFile> find(Path folder) {
        Path jinja = folder.resolve("chat_template.jinja");
        if (Files.exists(jinja)) {
            try {
                return Optional.of(new TemplateFile(Files.readString(jinja), jinja.toString()));
            } catch (IOException e) {
                throw new TrainerException(Reason.ModelUnsupported, jinja + " cannot be read: " + e.getMessage(), e);
            }
        }
        for (String name : List.of("chat_template.json", "processor_config.json", "tokenizer_config.json")) {
            ConfigSection file = ConfigSection.read(folder, name);
            String found = template(file);
            if (found != null) {
                return Optional.of(new TemplateFile(found, file.file() + ": `chat_template`"));
            }
        }
        return Optional.empty();
    }

    /** A string, or a list of named ones of which "default" counts. */
    private static @Nullable String template(ConfigSection file) {
        JsonNode value = file.node().path("chat_template");
        if (!value.isArray()) {
            return file.token("chat_template");
        }
        for (JsonNode named : value) {
            if (named.path("name").asText().equals("default")) {
                return named.path("template").asText();
            }
        }
        return null;
    }

    /** SHA-256 of its text without blanks around it: tells a long published template without holding it. */
    public String digest() {
        return Digests.sha256(MemorySegment.ofArray(text.strip().getBytes(StandardCharsets.UTF_8)));
    }

    /** Whether it renders the same as a known template: layout inside tags and comments do not count. */
    public boolean rendersAs(String known) {
        return JinjaText.normalise(text).equals(JinjaText.normalise(known));
    }

    /**
     * Checks that a folder's template, if it has one, is one that a family's Java code writes.
     *
     * @param known Jinja texts of that family's published checkpoints
     * @param family name and looks of the template, for the message
     * @throws TrainerException ModelUnsupported when it is another one
     */
    public static void requireKnown(Path folder, List<String> known, String family) {
        find(folder).filter(found -> known.stream().noneMatch(found::rendersAs)).ifPresent(found -> {
            throw new TrainerException(
                    Reason.ModelUnsupported,
                    found.where + " is not the chat template of " + family
                            + "; other templates are not supported, remove it to train with that one");
        });
    }
}
