package io.vlfinetune.trainer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.DataSpec;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.RunConfiguration;
import io.vlfinetune.trainer.data.DataFile;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.source.Folders;
import io.vlfinetune.trainer.training.TrainingLoop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Names a result before it exists: one digest over everything that decides it. Contents count, not places, so a folder
 * may move; how often a checkpoint is written does not count, since a resumed run equals an uninterrupted one, nor
 * does what is stored or worked out again on the way, since that changes no bit.
 */
final class RunDigest {
    private RunDigest() {}

    /** SHA-256 of a model's weights, whatever the folder is called. */
    static String weights(List<Path> files) {
        if (files.size() == 1) {
            return digest(files.getFirst());
        }
        StringBuilder all = new StringBuilder();
        files.forEach(file ->
                all.append(file.getFileName()).append(' ').append(digest(file)).append('\n'));
        return Folders.digest(all.toString());
    }

    /**
     * The digest of a run.
     *
     * @param files data files, training before evaluation
     * @param data what they hold, for the images that they only name
     */
    static String of(RunConfiguration run, Path model, String weights, List<DataFile> files, TrainingLoop.Data data) {
        ObjectNode all = Json.strict().createObjectNode();
        all.put("weights", weights);
        all.set("model", Json.strict().valueToTree(configuration(model)));
        all.set("freeze", Json.strict().valueToTree(run.freeze()));
        ObjectNode training = Json.strict().valueToTree(run.training());
        training.remove(List.of("checkpointEvery", "keepCheckpoints", "prefixCache", "recompute"));
        all.set("training", training);
        all.put("select", run.output().select() + " " + run.output().metric());
        all.put("maxLength", run.data().maxLength());
        all.set("evaluation", names(run.data()));
        for (DataFile file : files) {
            all.withArray("data")
                    .addArray()
                    .add(Objects.requireNonNull(file.path().getFileName()).toString())
                    .add(file.format().name())
                    .add(digest(file.path()));
        }
        ArrayNode images = all.putArray("images").add(images(data.train()));
        data.evaluation().values().forEach(set -> images.add(images(set)));
        return Folders.digest(all.toString());
    }

    /**
     * One digest of the sizes of the images in their order; empty if the data files hold them. Their bytes would all have to
     * be read before the first step of every attempt; dates would not survive a copy.
     */
    private static String images(Dataset data) {
        return data.imageBytes().mapToObj(Long::toString).reduce("", (all, bytes) -> Folders.digest(all + " " + bytes));
    }

    /** The evaluation sets, which are the last of the data files. */
    private static ArrayNode names(DataSpec data) {
        ArrayNode names = Json.strict().createArrayNode();
        data.evaluation().forEach(set -> names.add(set.name()));
        return names;
    }

    /** Digests of the small files beside the weights: configuration, tokenizer, processor, template. */
    private static Map<String, String> configuration(Path model) {
        try (Stream<Path> files = Files.list(model)) {
            Map<String, String> digests = new TreeMap<>();
            files.filter(file ->
                            file.toString().endsWith(".json") || file.toString().endsWith(".jinja"))
                    .filter(Files::isRegularFile)
                    .forEach(file -> digests.put(file.getFileName().toString(), digest(file)));
            return digests;
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    private static String digest(Path file) {
        try {
            return Folders.digest(file);
        } catch (IOException problem) {
            throw new TrainerException(
                    Reason.SourceUnavailable, file + " cannot be read: " + problem.getMessage(), problem);
        }
    }
}
