package io.vlfinetune.trainer.checkpoint;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.report.RunLog;
import io.vlfinetune.trainer.source.Folders;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The checkpoints of one run, each a folder {@code step-00000050} with tensors, state and a {@code COMPLETE} marker
 * that holds the digests of both. A folder gets its name only when all of it is on the disk, and is believed only when
 * its digests hold; otherwise the one before counts.
 */
public final class CheckpointStore {
    private static final String TENSORS = "state.safetensors";
    private static final String STATE = "state.json";
    private static final String COMPLETE = "COMPLETE";
    private static final String PREFIX = "step-";
    private static final String UNFINISHED = ".unfinished";
    private static final String REPLACED = "-replaced";
    /** The order of metrics is part of the state. */
    private static final JsonMapper JSON = Json.strict()
            .rebuild()
            .disable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();

    private final Path folder;
    private final int keep;
    private final RunLog log;

    /**
     * A checkpoint that holds.
     *
     * @param folder its folder
     * @param state all that is not a tensor
     */
    public record Saved(Path folder, TrainingState state) {
        /** The file with its tensors. */
        public Path tensors() {
            return folder.resolve(TENSORS);
        }
    }

    /**
     * Opens the checkpoints in a folder that belongs to one run digest. What a killed attempt left half-written is
     * removed. Beside it lie those of other declarations of the run: they stay, since a declaration may come back, but
     * what they take is told.
     *
     * @param keep how many are kept
     */
    public CheckpointStore(Path folder, int keep, RunLog log) {
        this.folder = folder;
        this.keep = keep;
        this.log = log;
        declarations().forEach(this::removeUnfinished);
        declarations().stream().filter(other -> !other.equals(folder)).forEach(this::tell);
    }

    private List<Path> declarations() {
        return folders(Objects.requireNonNull(folder.toAbsolutePath().getParent()), name -> true);
    }

    private void removeUnfinished(Path declaration) {
        folders(declaration, name -> name.startsWith(PREFIX) && name.endsWith(UNFINISHED))
                .forEach(this::removeQuietly);
    }

    private void tell(Path other) {
        try {
            log.line("%s: %,d MiB of another declaration of this run, used when it comes back; remove it for room"
                    .formatted(other, Folders.bytes(other) >> 20));
        } catch (IOException | UncheckedIOException problem) {
            log.line(other + " cannot be read: " + problem.getMessage());
        }
    }

    /** Bytes that are taken now, best models included. */
    public long bytes() {
        try {
            return Folders.bytes(folder);
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /**
     * The newest complete checkpoint of a run. Torn ones and those of other runs are passed over, with a line in the
     * log.
     */
    public Optional<Saved> latest(String runDigest) {
        for (Path candidate : newestFirst()) {
            Optional<TrainingState> state = read(candidate);
            if (state.isEmpty()) {
                continue;
            }
            if (state.get().runDigest().equals(runDigest)) {
                return Optional.of(new Saved(candidate, state.get()));
            }
            log.line("checkpoint " + candidate + " is of a run with other settings or data: not used");
        }
        return Optional.empty();
    }

    /** The states of the checkpoints that are there, without a look at their tensors. */
    public List<TrainingState> states() {
        List<TrainingState> states = new ArrayList<>();
        for (Path checkpoint : newestFirst()) {
            try {
                states.add(JSON.readValue(Files.readString(checkpoint.resolve(STATE)), TrainingState.class));
            } catch (IOException problem) {
                log.line("checkpoint " + checkpoint + " cannot be read: " + problem.getMessage());
            }
        }
        return states;
    }

    private Optional<TrainingState> read(Path candidate) {
        try {
            JsonNode digests = JSON.readTree(Files.readString(candidate.resolve(COMPLETE)));
            for (String name : List.of(TENSORS, STATE)) {
                if (!Folders.digest(candidate.resolve(name))
                        .equals(digests.path(name).asText())) {
                    log.line("checkpoint " + candidate + " is damaged (" + name
                            + " differs from its digest): the one before is used");
                    return Optional.empty();
                }
            }
            return Optional.of(JSON.readValue(Files.readString(candidate.resolve(STATE)), TrainingState.class));
        } catch (IOException | UncheckedIOException problem) {
            log.line("checkpoint " + candidate + " cannot be read (" + problem.getMessage()
                    + "): the one before is used");
            return Optional.empty();
        }
    }

    /**
     * Writes a checkpoint and removes the oldest ones.
     *
     * @param tensors Float32 arrays by name
     * @return its folder
     * @throws TrainerException TrainerError, if the disk refuses; earlier checkpoints stay
     */
    public Path save(Ops ops, TrainingState state, Map<String, NDArray> tensors) {
        Path target = folder.resolve("%s%08d".formatted(PREFIX, state.step()));
        Path unfinished = target.resolveSibling(target.getFileName() + UNFINISHED);
        try {
            Folders.delete(unfinished);
            Files.createDirectories(unfinished);
            Map<String, TensorContent> contents = new LinkedHashMap<>();
            tensors.forEach((name, array) -> contents.put(name, new TensorContent.Held(ops, array, DType.F32)));
            SafetensorsWriter.write(unfinished.resolve(TENSORS), contents, Map.of());
            Folders.write(unfinished.resolve(STATE), JSON.writeValueAsString(state));
            Folders.write(unfinished.resolve(COMPLETE), JSON.writeValueAsString(digests(unfinished)));
            replace(unfinished, target);
        } catch (IOException | UncheckedIOException problem) {
            removeQuietly(unfinished);
            throw new TrainerException(
                    Reason.TrainerError,
                    "checkpoint " + target + " cannot be written (" + problem.getMessage()
                            + "); give scratch more room",
                    problem);
        }
        removeOld();
        return target;
    }

    /** A checkpoint of the same step steps aside first, so that at every moment one of the two is complete. */
    private void replace(Path unfinished, Path target) throws IOException {
        Path before = target.resolveSibling(target.getFileName() + REPLACED);
        if (Files.exists(target)) {
            Folders.delete(before);
            Files.move(target, before, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
        Folders.sync(folder);
        Folders.delete(before);
    }

    private static Map<String, String> digests(Path unfinished) throws IOException {
        Map<String, String> digests = new TreeMap<>();
        for (String name : List.of(TENSORS, STATE)) {
            digests.put(name, Folders.digest(unfinished.resolve(name)));
        }
        return digests;
    }

    private void removeOld() {
        newestFirst().stream().skip(keep).forEach(this::removeQuietly);
    }

    private void removeQuietly(Path old) {
        try {
            Folders.delete(old);
        } catch (IOException problem) {
            log.line(old + " cannot be removed: " + problem.getMessage());
        }
    }

    private List<Path> newestFirst() {
        return folders(folder, name -> name.matches(PREFIX + "\\d+(" + REPLACED + ")?")).stream()
                .sorted(Comparator.comparing((Path path) -> path.toString().replace(REPLACED, ""))
                        .reversed()
                        .thenComparing(Path::toString))
                .toList();
    }

    private static List<Path> folders(Path above, Predicate<String> named) {
        if (!Files.isDirectory(above)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(above)) {
            return entries.filter(Files::isDirectory)
                    .filter(path -> named.test(path.getFileName().toString()))
                    .toList();
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }
}
