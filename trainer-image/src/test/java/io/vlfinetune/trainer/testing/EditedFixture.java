package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A copy of a family's fixture for a test that changes it.
 *
 * @param source the fixture
 * @param folder the copy
 */
public record EditedFixture(Path source, Path folder) {
    private static final JsonMapper JSON = new JsonMapper();

    /** Copies configuration, weights, tokenizer and pictures. */
    public static EditedFixture copy(String family, Path folder) {
        Path source = new FamilyFixture(family).folder();
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (!name.startsWith("golden") && !name.startsWith("conversations")) {
                    Files.copy(file, folder.resolve(name));
                }
            }
            return new EditedFixture(source, folder);
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** Changes a JSON file as the fixture has it; earlier changes of that file are gone. */
    public EditedFixture json(String name, Consumer<ObjectNode> change) {
        try {
            ObjectNode json = (ObjectNode) JSON.readTree(Files.readString(source.resolve(name)));
            change.accept(json);
            Files.writeString(folder.resolve(name), JSON.writeValueAsString(json));
            return this;
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** Merges a JSON text into a file: objects key by key, everything else replaced. */
    public EditedFixture merged(String name, String more) {
        return json(name, json -> {
            try {
                JSON.setDefaultMergeable(true).readerForUpdating(json).readValue(more);
            } catch (IOException problem) {
                throw new UncheckedIOException(problem);
            }
        });
    }

    /** Rewrites the weights; the change gets every tensor by name and may rename, drop and add. */
    public EditedFixture tensors(Consumer<Map<String, TensorContent>> change) {
        try (Safetensors stored = Safetensors.open(source.resolve("model.safetensors"))) {
            Map<String, TensorContent> tensors = new TreeMap<>();
            stored.tensors().keySet().forEach(name -> tensors.put(name, TensorContent.Stored.of(stored, name)));
            change.accept(tensors);
            SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
            return this;
        }
    }
}
