package io.vlfinetune.trainer.output;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.freeze.FreezePlan;
import io.vlfinetune.trainer.freeze.Proof;
import io.vlfinetune.trainer.report.TensorBoardLog;
import io.vlfinetune.trainer.source.Folders;
import io.vlfinetune.trainer.source.SourceFolder;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import io.vlfinetune.trainer.weights.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The destination of a run. It is written beside its place and renamed, so that it is there whole or not at all. Until
 * then its name has run and attempt in it: another run may have declared the same destination.
 *
 * @param destination where the trained model goes
 * @param uid of the run
 * @param attempt of the run
 */
public record OutputFolder(Path destination, String uid, int attempt) {
    private static final String UNFINISHED = ".unfinished";
    private static final JsonMapper JSON = Json.strict();
    private static final List<String> WEIGHTS = List.of(".safetensors", ".bin", ".pt", ".pth", ".gguf", ".onnx");
    private static final Set<String> OWN = Set.of(OutputDocument.FILE, "metrics.jsonl");

    /**
     * What an earlier attempt of the same run committed.
     *
     * @throws TrainerException InvalidSpec, if something else is there
     */
    public Optional<OutputDocument> committed(String runDigest) {
        if (!Files.exists(destination)) {
            return Optional.empty();
        }
        Path file = destination.resolve(OutputDocument.FILE);
        try {
            if (Files.exists(file)) {
                OutputDocument document = JSON.readValue(Files.readString(file), OutputDocument.class);
                if (document.runDigest().equals(runDigest)) {
                    return Optional.of(document);
                }
            } else if (isEmpty()) {
                return Optional.empty();
            }
        } catch (IOException problem) {
            throw occupied("it cannot be read (" + problem.getMessage() + ")", problem);
        }
        throw occupied(Files.exists(file) ? "it holds the result of another run" : "it holds something else", null);
    }

    /**
     * Looks for what would refuse the output in the end, before hours of training.
     *
     * @throws TrainerException OutputFailed, if the folder above is none or may not be written to
     */
    public void requireWritable() {
        Path above = destination.toAbsolutePath().getParent();
        while (above != null && !Files.exists(above)) {
            above = above.getParent();
        }
        if (above == null || !Files.isDirectory(above) || !Files.isWritable(above)) {
            throw new TrainerException(
                    Reason.OutputFailed,
                    "spec.output.destination: " + destination + " cannot be written: " + above
                            + (above != null && Files.isDirectory(above)
                                    ? " may not be written to; give the trainer's user the right to"
                                    : " is no folder; choose another destination"));
        }
    }

    private boolean isEmpty() throws IOException {
        try (Stream<Path> entries = Files.list(destination)) {
            return entries.findAny().isEmpty();
        }
    }

    private TrainerException occupied(String what, @Nullable Exception cause) {
        return new TrainerException(
                Reason.InvalidSpec,
                "spec.output.destination: " + destination + ": " + what
                        + "; nothing there is overwritten: choose another folder or remove it",
                cause);
    }

    /**
     * Writes weights and companion files beside the destination: frozen tensors byte for byte from the base model,
     * trained ones in the base model's type.
     *
     * @param source the base model's folder
     * @return the unfinished folder
     * @throws TrainerException OutputFailed, if the disk refuses; InvalidSpec, if a companion has become a link that leads
     *     out of its source; nothing is left behind
     */
    public Path write(Checkpoint base, FreezePlan plan, Weights weights, SourceFolder source) {
        Path unfinished = unfinished();
        try {
            removeOwn();
            Files.createDirectories(unfinished);
            copyCompanions(source, unfinished);
            for (Safetensors file : base.files()) {
                SafetensorsWriter.write(
                        unfinished.resolve(file.file().getFileName()),
                        contents(file, plan, weights),
                        file.metadata().isEmpty() ? Map.of("format", "pt") : file.metadata());
            }
            return unfinished;
        } catch (IOException | UncheckedIOException problem) {
            throw failed(problem);
        } catch (TrainerException refused) {
            throw withoutTrace(refused);
        }
    }

    /** What this attempt and earlier ones of the run left. */
    private void removeOwn() throws IOException {
        for (Path left : unfinished(uid::equals)) {
            Folders.delete(left);
        }
    }

    /** What other runs with the same destination write, or left when they were killed. */
    public List<Path> ofOthers() {
        try {
            return unfinished(other -> !other.equals(uid));
        } catch (IOException | UncheckedIOException unreadable) {
            return List.of();
        }
    }

    /** Unfinished folders of the destination, by the uid in their names. */
    private List<Path> unfinished(Predicate<String> of) throws IOException {
        Path above = Objects.requireNonNull(destination.toAbsolutePath().getParent());
        if (!Files.isDirectory(above)) {
            return List.of();
        }
        Pattern named = Pattern.compile(
                Pattern.quote(destination.getFileName() + ".") + "(.+)-\\d+" + Pattern.quote(UNFINISHED));
        try (Stream<Path> entries = Files.list(above)) {
            return entries.filter(entry -> {
                        Matcher name = named.matcher(entry.getFileName().toString());
                        return name.matches() && of.test(name.group(1));
                    })
                    .toList();
        }
    }

    private static Map<String, TensorContent> contents(Safetensors file, FreezePlan plan, Weights weights) {
        Map<String, TensorContent> contents = new LinkedHashMap<>();
        for (String name : file.tensors().keySet()) {
            boolean trained = plan.trains(name) && weights.masters().contains(name);
            contents.put(
                    name,
                    trained
                            ? new TensorContent.Held(
                                    weights.ops(),
                                    weights.master(name),
                                    file.info(name).dtype())
                            : new TensorContent.Copied(file, name));
        }
        return contents;
    }

    private static void copyCompanions(SourceFolder from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from.path())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = file.getFileName().toString();
                if (WEIGHTS.stream().noneMatch(name::endsWith) && !OWN.contains(name)) {
                    from.requireInside(file);
                    Path copy = Files.copy(file, to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
                    Folders.sync(copy);
                }
            }
        }
    }

    /**
     * Gives the unfinished folder its name. What the same declaration committed meanwhile counts instead.
     *
     * @param document what is known of it
     * @param metrics the run's metrics.jsonl; TensorBoard events lie beside it
     * @return what is known of what is now at the destination
     * @throws TrainerException OutputFailed, if the disk refuses; InvalidSpec, if something else has appeared there;
     *     nothing is left behind
     */
    public OutputDocument commit(OutputDocument document, Path metrics) {
        Path unfinished = unfinished();
        try {
            Folders.sync(Files.copy(metrics, unfinished.resolve("metrics.jsonl")));
            copyEvents(metrics.resolveSibling(TensorBoardLog.FOLDER), unfinished.resolve(TensorBoardLog.FOLDER));
            Folders.write(
                    unfinished.resolve(OutputDocument.FILE),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsString(document));
            Folders.sync(unfinished);
            Optional<OutputDocument> meanwhile = committed(document.runDigest());
            if (meanwhile.isPresent()) {
                Folders.delete(unfinished);
                return meanwhile.get();
            }
            if (Files.isSymbolicLink(destination)) {
                Files.delete(destination);
            }
            // Takes the place of an empty folder, and of nothing else.
            Files.move(unfinished, destination, StandardCopyOption.ATOMIC_MOVE);
            Folders.sync(Objects.requireNonNull(destination.toAbsolutePath().getParent()));
            return document;
        } catch (IOException | UncheckedIOException problem) {
            throw failed(problem);
        } catch (TrainerException occupied) {
            throw withoutTrace(occupied);
        }
    }

    private static void copyEvents(Path from, Path to) throws IOException {
        for (Path file : TensorBoardLog.files(from)) {
            Files.createDirectories(to);
            Folders.sync(Files.copy(file, to.resolve(file.getFileName())));
        }
        if (Files.exists(to)) {
            Folders.sync(to);
        }
    }

    /** Takes an unfinished folder away. */
    public void discard() {
        try {
            Folders.delete(unfinished());
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** What became of every tensor, by reading the unfinished folder back. */
    public Proof prove(Checkpoint base, FreezePlan plan, Set<String> reached) {
        try (Checkpoint trained = Checkpoint.open(unfinished())) {
            return Proof.of(base, trained, plan, reached);
        }
    }

    /** Where the output is until it is committed. */
    public Path unfinished() {
        return destination.resolveSibling(destination.getFileName() + "." + uid + "-" + attempt + UNFINISHED);
    }

    private TrainerException failed(Exception problem) {
        return withoutTrace(new TrainerException(
                Reason.OutputFailed,
                "spec.output.destination: " + destination + " cannot be written: " + problem.getMessage()
                        + "; make room there or choose another destination",
                problem));
    }

    /** Takes the unfinished folder away before a failure is told. */
    private TrainerException withoutTrace(TrainerException problem) {
        try {
            Folders.delete(unfinished());
        } catch (IOException left) {
            problem.addSuppressed(left);
        }
        return problem;
    }
}
