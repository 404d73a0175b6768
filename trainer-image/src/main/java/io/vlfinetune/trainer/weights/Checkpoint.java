package io.vlfinetune.trainer.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.config.ConfigSection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A Hugging Face model folder: config.json and model.safetensors, or the shards that model.safetensors.index.json
 * lists. Opening reads headers only and never touches the engine.
 */
public final class Checkpoint implements AutoCloseable {
    /** The configuration's file name. */
    public static final String CONFIG = ConfigSection.CONFIG;

    /** The weights' file name in a folder with one file. */
    public static final String SINGLE = "model.safetensors";

    /** The file that says which shard holds which tensor. */
    public static final String INDEX = "model.safetensors.index.json";

    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final JsonNode config;
    private final List<Safetensors> files;
    private final NavigableMap<String, Safetensors> fileOf;
    private final NavigableMap<String, TensorInfo> tensors = new TreeMap<>();

    private Checkpoint(
            Path folder, JsonNode config, List<Safetensors> files, NavigableMap<String, Safetensors> fileOf) {
        this.folder = folder;
        this.config = config;
        this.files = List.copyOf(files);
        this.fileOf = fileOf;
        fileOf.forEach((name, file) -> tensors.put(name, file.info(name)));
    }

    /**
     * Reads the configuration and the headers.
     *
     * @throws TrainerException SourceUnavailable if the folder is missing or a file cannot be read; ModelUnsupported if
     *     a file is missing, damaged, or disagrees with another; the message names file and tensor
     */
    public static Checkpoint open(Path folder) {
        // A claim that is not there yet may be there at the next attempt; a folder without a model will stay one.
        if (!Files.isDirectory(folder)) {
            throw new TrainerException(
                    Reason.SourceUnavailable,
                    folder + ": "
                            + (Files.exists(folder)
                                    ? "a file, but a model is a folder; name the folder that it is in"
                                    : "there is no such model folder"));
        }
        JsonNode config = json(folder.resolve(CONFIG));
        List<Safetensors> opened = new ArrayList<>();
        try {
            return new Checkpoint(folder, config, opened, openWeights(folder, opened));
        } catch (RuntimeException problem) {
            opened.forEach(Safetensors::close);
            throw problem;
        }
    }

    private static NavigableMap<String, Safetensors> openWeights(Path folder, List<Safetensors> opened) {
        NavigableMap<String, Safetensors> fileOf = new TreeMap<>();
        if (Files.exists(folder.resolve(INDEX))) {
            Map<String, String> shards = index(folder.resolve(INDEX));
            for (String shard : new TreeSet<>(shards.values())) {
                addShard(folder, shard, shards, opened, fileOf);
            }
            shards.forEach((name, shard) -> {
                if (!fileOf.containsKey(name)) {
                    throw refused(
                            folder.resolve(shard),
                            "tensor " + name + ": " + INDEX + " says it is in this file, but it is not; fetch both"
                                    + " files again");
                }
            });
            return fileOf;
        }
        Path single = folder.resolve(SINGLE);
        if (!Files.exists(single)) {
            throw refused(
                    folder,
                    "neither " + SINGLE + " nor " + INDEX + " is here; give a Hugging Face model folder with"
                            + " safetensors weights");
        }
        Safetensors file = weights(single);
        opened.add(file);
        file.tensors().keySet().forEach(name -> fileOf.put(name, file));
        return fileOf;
    }

    private static void addShard(
            Path folder,
            String shard,
            Map<String, String> shards,
            List<Safetensors> opened,
            NavigableMap<String, Safetensors> fileOf) {
        Path path = folder.resolve(shard);
        if (!Files.exists(path)) {
            throw refused(folder.resolve(INDEX), "it lists " + shard + ", which is missing; fetch the missing file");
        }
        Safetensors file = weights(path);
        opened.add(file);
        for (String name : file.tensors().keySet()) {
            if (!shard.equals(shards.get(name))) {
                throw refused(
                        path,
                        "tensor " + name + ": " + INDEX + " does not say that it is in this file; fetch both files"
                                + " again");
            }
            fileOf.put(name, file);
        }
    }

    private static Safetensors weights(Path file) {
        try {
            return Safetensors.open(file);
        } catch (UncheckedIOException problem) {
            throw new TrainerException(Reason.SourceUnavailable, String.valueOf(problem.getMessage()), problem);
        }
    }

    private static Map<String, String> index(Path file) {
        Map<String, String> shards = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : json(file).path("weight_map").properties()) {
            String shard = entry.getValue().asText();
            if (shard.isEmpty() || !Path.of(shard).equals(Path.of(shard).getFileName()) || shard.startsWith("..")) {
                throw refused(
                        file,
                        "weight_map." + entry.getKey() + ": \"" + shard + "\" is no file name of this"
                                + " folder; fetch the file again");
            }
            shards.put(entry.getKey(), shard);
        }
        if (shards.isEmpty()) {
            throw refused(file, "weight_map lists no tensor; fetch the file again");
        }
        return shards;
    }

    private static JsonNode json(Path file) {
        if (!Files.isRegularFile(file)) {
            throw refused(file, "the file is missing; give a Hugging Face model folder");
        }
        try {
            JsonNode node = JSON.readTree(Files.readString(file));
            if (node == null || !node.isObject()) {
                throw refused(file, "not a JSON object; fetch the file again");
            }
            return node;
        } catch (JsonProcessingException problem) {
            throw refused(
                    file, "line " + problem.getLocation().getLineNr() + ": not JSON: " + problem.getOriginalMessage());
        } catch (CharacterCodingException problem) {
            throw refused(file, "not text in UTF-8; fetch the file again");
        } catch (IOException problem) {
            throw new TrainerException(
                    Reason.SourceUnavailable, file + " cannot be read: " + problem.getMessage(), problem);
        }
    }

    private static TrainerException refused(Path file, String what) {
        return new TrainerException(Reason.ModelUnsupported, file + ": " + what);
    }

    /** The folder. */
    public Path folder() {
        return folder;
    }

    /** The configuration as it stands in the file. */
    public JsonNode config() {
        return config;
    }

    /** The weight files, in the order of their names. */
    public List<Safetensors> files() {
        return files;
    }

    /** Every tensor, sorted by name. */
    public NavigableMap<String, TensorInfo> tensors() {
        return Collections.unmodifiableNavigableMap(tensors);
    }

    /** The file that holds a tensor. */
    public Safetensors fileOf(String name) {
        Safetensors file = fileOf.get(name);
        if (file == null) {
            throw refused(folder, "tensor " + name + ": in none of the weight files");
        }
        return file;
    }

    /** This checkpoint as if it did not store a tensor. Over the same mappings: close this one, not the answer. */
    public Checkpoint without(String name) {
        NavigableMap<String, Safetensors> others = new TreeMap<>(fileOf);
        others.remove(name);
        return new Checkpoint(folder, config, files, others);
    }

    /** SHA-256 of a tensor's bytes. */
    public String digest(String name) {
        return Digests.sha256(fileOf(name).bytes(name));
    }

    /** SHA-256 of all tensors' names, types and shapes, whatever files they are in. */
    public String headerDigest() {
        StringBuilder table = new StringBuilder();
        tensors.values()
                .forEach(info -> table.append(info.name())
                        .append(' ')
                        .append(info.dtype())
                        .append(' ')
                        .append(info.shape())
                        .append('\n'));
        return Digests.sha256(MemorySegment.ofArray(table.toString().getBytes(StandardCharsets.UTF_8)));
    }

    /** Takes the mappings away. Arrays over them must be closed before. */
    @Override
    public void close() {
        files.forEach(Safetensors::close);
    }
}
