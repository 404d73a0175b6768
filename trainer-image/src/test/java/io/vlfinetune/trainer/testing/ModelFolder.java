package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.SampleLocation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Families;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A copy of a fixture's checkpoint that a test may change. */
public record ModelFolder(Path source, Path folder) {
    private static final JsonMapper JSON = new JsonMapper();

    /** Copies all but what transformers computed. */
    public static ModelFolder copy(String family, Path folder) {
        Path source = Path.of("src/test/resources/fixtures", family);
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (!name.startsWith("golden") && !name.startsWith("variants") && !name.startsWith("conversations")) {
                    Files.copy(file, folder.resolve(name));
                }
            }
            return new ModelFolder(source, folder);
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** Changes a JSON file. */
    public ModelFolder edit(String name, Consumer<ObjectNode> change) {
        try {
            Path file = folder.resolve(name);
            ObjectNode json = Files.exists(file) ? (ObjectNode) JSON.readTree(file.toFile()) : JSON.createObjectNode();
            change.accept(json);
            JSON.writeValue(file.toFile(), json);
            return this;
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** Merges an object in JSON into a JSON file; arrays are replaced. */
    public ModelFolder merge(String name, String changes) {
        try {
            JsonNode parsed = JSON.readTree(changes);
            return edit(name, json -> merge(json, parsed));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** Merges one object into another. */
    static void merge(ObjectNode json, JsonNode changes) {
        changes.properties().forEach(change -> {
            if (change.getValue().isObject() && json.path(change.getKey()).isObject()) {
                merge((ObjectNode) json.path(change.getKey()), change.getValue());
            } else {
                json.set(change.getKey(), change.getValue());
            }
        });
    }

    /** Rewrites the weights; the change gets every tensor by name and may rename, drop and add. */
    public ModelFolder tensors(Consumer<Map<String, TensorContent>> change) {
        try (Safetensors fixture = Safetensors.open(source.resolve("model.safetensors"))) {
            Map<String, TensorContent> tensors = new TreeMap<>();
            fixture.tensors().keySet().forEach(name -> tensors.put(name, TensorContent.Stored.of(fixture, name)));
            change.accept(tensors);
            SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
            return this;
        }
    }

    /** What configuration and headers say. */
    public Blueprint blueprint() {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return Families.of(checkpoint.config()).blueprint(checkpoint);
        }
    }

    /** The family's own processor, with the folder as media root. */
    public ChatProcessor processor() {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return Families.of(checkpoint.config()).processor(folder, MediaRoot.open(folder), 4096);
        }
    }

    /** Turns at line 7 of train.jsonl. */
    public static Conversation conversation(Turn... turns) {
        return new Conversation(SampleLocation.ofLine("train.jsonl", 7), List.of(turns));
    }

    /** A turn in which {@code <image>} stands for sample.png, marked in a text. */
    public static Turn turn(Speaker speaker, String... parts) {
        return new Turn(
                speaker,
                Arrays.stream(parts)
                        .map(part -> part.equals("<image>")
                                ? (Content) new Content.Image("sample.png").asMark()
                                : new Content.Text(part))
                        .toList());
    }
}
