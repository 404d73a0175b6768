package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A fixture under another configuration, with what transformers computed; see fixtures/tools/make_variants.py. */
public record Variant(String family, String name, JsonNode golden) {
    private static final JsonMapper JSON = new JsonMapper();

    /** The variants of a family. */
    public static List<String> names(String family) {
        return all(family).propertyStream().map(Map.Entry::getKey).toList();
    }

    /** Writes a variant's configuration and weights. */
    public static Variant write(String family, String name, Path folder) {
        Variant variant = new Variant(family, name, all(family).path(name));
        try (Safetensors fixture = Safetensors.open(source(family).resolve("model.safetensors"));
                Safetensors changes = Safetensors.open(source(family).resolve("variants.safetensors"))) {
            JsonNode config =
                    JSON.readTree(source(family).resolve("config.json").toFile());
            ModelFolder.merge((ObjectNode) config, variant.golden.path("config"));
            JSON.writeValue(folder.resolve("config.json").toFile(), config);
            Map<String, TensorContent> tensors = new TreeMap<>();
            fixture.tensors().keySet().forEach(key -> tensors.put(key, TensorContent.Stored.of(fixture, key)));
            variant.golden.path("gone").forEach(key -> tensors.remove(key.asText()));
            String prefix = name + "/tensor/";
            changes.tensors().keySet().stream()
                    .filter(key -> key.startsWith(prefix))
                    .forEach(key -> tensors.put(key.substring(prefix.length()), TensorContent.Stored.of(changes, key)));
            SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
            return variant;
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** A Float32 array that transformers computed. */
    public float[] tensor(String array) {
        try (Safetensors file = Safetensors.open(source(family).resolve("variants.safetensors"))) {
            return file.bytes(name + "/" + array).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        }
    }

    private static JsonNode all(String family) {
        try {
            return JSON.readTree(Files.readString(source(family).resolve("variants.json")));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    private static Path source(String family) {
        return Path.of("src/test/resources/fixtures", family);
    }
}
