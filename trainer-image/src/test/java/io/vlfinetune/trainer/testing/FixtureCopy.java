package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A family's fixture in a folder of its own, to be changed.
 *
 * @param folder where it lies
 */
public record FixtureCopy(Path folder) {
    private static final JsonMapper JSON = new JsonMapper();

    /** Copies a fixture into an empty folder. */
    public static FixtureCopy of(String family, Path folder) {
        try (Stream<Path> files = Files.list(new FamilyFixture(family).folder())) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
        return new FixtureCopy(folder);
    }

    /** Changes a JSON file. */
    public FixtureCopy with(String name, Consumer<ObjectNode> change) {
        try {
            Path file = folder.resolve(name);
            ObjectNode json =
                    Files.exists(file) ? (ObjectNode) JSON.readTree(Files.readString(file)) : JSON.createObjectNode();
            change.accept(json);
            Files.writeString(file, json.toString());
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
        return this;
    }

    /** Rewrites the weights as one file; the change gets every tensor by name and may rename, drop and add. */
    public FixtureCopy withTensors(Consumer<Map<String, TensorContent>> change) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            Map<String, TensorContent> tensors = new TreeMap<>();
            checkpoint
                    .tensors()
                    .keySet()
                    .forEach(name -> tensors.put(name, TensorContent.Stored.of(checkpoint.fileOf(name), name)));
            change.accept(tensors);
            Path made = folder.resolve("model.safetensors.made");
            SafetensorsWriter.write(made, tensors, Map.of("format", "pt"));
            try (Stream<Path> files = Files.list(folder)) {
                List<Path> old = files.filter(file ->
                                file.getFileName().toString().matches("model.*\\.safetensors(\\.index\\.json)?"))
                        .toList();
                for (Path file : old) {
                    Files.delete(file);
                }
            }
            Files.move(made, folder.resolve("model.safetensors"));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
        return this;
    }
}
