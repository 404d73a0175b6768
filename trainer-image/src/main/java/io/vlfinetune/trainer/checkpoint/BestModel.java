package io.vlfinetune.trainer.checkpoint;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The trained tensors of the evaluation with the best value so far, kept beside the checkpoints until the output is
 * written. A file stays as long as a checkpoint speaks of its step, so that a resumed run finds it.
 *
 * @param folder where the files are
 */
public record BestModel(Path folder) {
    private static final String PREFIX = "best-";
    private static final String SUFFIX = ".safetensors";

    /** The file of a step. */
    public Path file(long step) {
        return folder.resolve("%s%08d%s".formatted(PREFIX, step, SUFFIX));
    }

    /**
     * Keeps the trained tensors of a step.
     *
     * @throws TrainerException TrainerError, if the disk refuses
     */
    public void save(Ops ops, long step, Map<String, NDArray> masters) {
        Map<String, TensorContent> contents = new LinkedHashMap<>();
        masters.forEach((name, array) -> contents.put(name, new TensorContent.Held(ops, array, DType.F32)));
        try {
            Files.createDirectories(folder);
            SafetensorsWriter.write(file(step), contents, Map.of());
        } catch (IOException | UncheckedIOException problem) {
            throw new TrainerException(
                    Reason.TrainerError,
                    "the best model so far cannot be kept (" + problem.getMessage() + "); give scratch more room",
                    problem);
        }
    }

    /** Removes the files of all other steps. */
    public void keep(Set<Long> steps) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> kept = steps.stream().map(this::file).toList();
            for (Path file : files.filter(one -> one.getFileName().toString().startsWith(PREFIX))
                    .toList()) {
                if (!kept.contains(file)) {
                    Files.delete(file);
                }
            }
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }
}
