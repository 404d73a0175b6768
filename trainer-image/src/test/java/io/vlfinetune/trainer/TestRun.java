package io.vlfinetune.trainer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.trainer.report.RunLog;
import io.vlfinetune.trainer.report.TensorBoardLog;
import io.vlfinetune.trainer.testing.Declarations;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.TensorBoardFolder;
import io.vlfinetune.trainer.training.StopSignal;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A run on a tiny fixture, LLaVA unless said otherwise, in a folder of its own: six training samples, three held out, run.json with every
 * part trained for four steps of two samples. A test changes what it is about, starts the trainer in this process, and
 * looks at what is left.
 */
final class TestRun {
    private static final JsonMapper JSON = new JsonMapper();
    /** How an attempt ended. */
    record Ended(int exitCode, LastWord lastWord) {}

    /** Asks to stop when the trainer looks at it for the so-manieth time, counted from 1. */
    static class StopAt extends StopSignal {
        private int left;

        StopAt(int look) {
            left = look;
        }

        @Override
        public boolean requested() {
            if (--left == 0) {
                request();
            }
            return super.requested();
        }
    }

    private final Path folder;
    private final ObjectNode json = JSON.createObjectNode();
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private OptionalLong memoryLimit = OptionalLong.empty();
    private String metricsAddress = "";
    private Consumer<String> listener = line -> {};

    TestRun(Path folder) {
        this(folder, "llava");
    }

    /** The same with the tiny fixture of another family. */
    TestRun(Path folder, String family) {
        this.folder = folder;
        Path fixture = new FamilyFixture(family).folder();
        try {
            Files.createDirectories(folder.resolve("model"));
            Files.createDirectories(folder.resolve("data"));
            try (Stream<Path> files = Files.list(fixture)) {
                for (Path file : files.filter(TestRun::isOfTheModel).toList()) {
                    Files.copy(file, model().resolve(file.getFileName()));
                }
            }
            for (String name : List.of("sample.png", "sample2.png")) {
                Files.copy(fixture.resolve(name), data().resolve(name));
            }
            Files.write(data().resolve("train.jsonl"), samples(0, 6));
            Files.write(data().resolve("held.jsonl"), samples(6, 3));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
        declare();
    }

    private static boolean isOfTheModel(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith("model")
                || (name.endsWith("config.json") && !name.startsWith("saved_"))
                || List.of("tokenizer.json", "chat_template.json", "chat_template.jinja")
                        .contains(name);
    }

    private void declare() {
        json.put("formatVersion", 1)
                .put("namespace", "team")
                .put("name", "digits")
                .put("uid", "0-1-2")
                .put("attempt", 1);
        json.putObject("model").put("source", uri(model()));
        ObjectNode data = json.putObject("data");
        data.putArray("train").addObject().put("source", uri(data().resolve("train.jsonl")));
        data.putArray("evaluation").addObject().put("name", "held").put("source", uri(data().resolve("held.jsonl")));
        json.putObject("freeze");
        json.putObject("training")
                .put("steps", 4)
                .put("batchSize", 2)
                .put("learningRate", "1e-3")
                .put("precision", "Float32");
        json.putObject("output").put("destination", uri(output()));
    }

    private static List<String> samples(int first, int count) {
        List<String> words =
                List.of("eins", "zwei", "drei", "vier", "fünf", "sechs", "a b c", "x", "eine lange Antwort");
        List<String> lines = new ArrayList<>();
        for (int i = first; i < first + count; i++) {
            lines.add(sample(i % 2 == 0 ? "sample.png" : "sample2.png", "<image>Frage " + i, words.get(i)));
        }
        return lines;
    }

    /** What the process may have. */
    TestRun memoryLimit(long bytes) {
        memoryLimit = OptionalLong.of(bytes);
        return this;
    }

    /** Where metrics are served. */
    TestRun metricsAddress(String address) {
        metricsAddress = address;
        return this;
    }

    /** Told every line of the log. */
    TestRun listener(Consumer<String> told) {
        listener = told;
        return this;
    }

    /** A line of a data file. */
    static String sample(String image, String question, String answer) {
        ObjectNode sample = JSON.createObjectNode();
        var messages = sample.putArray("messages");
        messages.addObject().put("role", "user").put("content", question);
        messages.addObject().put("role", "assistant").put("content", answer);
        sample.putArray("images").add(image);
        return sample.toString();
    }

    static String uri(Path path) {
        return "file://" + path.toAbsolutePath();
    }

    Path model() {
        return folder.resolve("model");
    }

    Path data() {
        return folder.resolve("data");
    }

    Path output() {
        return folder.resolve("out").resolve("trained");
    }

    /** Where the output is until it is committed. */
    Path unfinishedOutput() {
        return output().resolveSibling("trained." + json.path("uid").asText() + "-1.unfinished");
    }

    Path root() {
        return folder.resolve("root");
    }

    Path config() {
        return folder.resolve("run.json");
    }

    Path terminationLog() {
        return folder.resolve("termination-log");
    }

    ObjectNode json() {
        return json;
    }

    ObjectNode part(String name) {
        return (ObjectNode) json.get(name);
    }

    /** Only the projector is trained. */
    TestRun projectorOnly() {
        part("freeze").put("visionTower", true).put("languageModel", true);
        return this;
    }

    /** The vision tower is frozen. */
    TestRun projectorAndLanguageModel() {
        part("freeze").put("visionTower", true);
        return this;
    }

    /** Several fields of spec.training at once. */
    TestRun training(Map<String, Integer> fields) {
        fields.forEach(part("training")::put);
        return this;
    }

    /** spec.freeze, written as {@link Declarations} reads it. */
    TestRun freeze(String declaration) {
        json.set("freeze", Declarations.json(declaration));
        return this;
    }

    /** Fields of spec.training, written as {@link Declarations} reads them; null removes a field. */
    TestRun training(String fields) {
        Declarations.json(fields).properties().forEach(field -> {
            if (field.getValue().isNull()) {
                part("training").remove(field.getKey());
            } else {
                part("training").set(field.getKey(), field.getValue());
            }
        });
        return this;
    }

    /** Writes run.json. */
    void write() {
        try {
            Files.writeString(config(), JSON.writeValueAsString(json));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** The command line of a trainer in a process of its own. */
    String[] arguments() {
        return new String[] {
            "train",
            "--config",
            config().toString(),
            "--root",
            root().toString(),
            "--termination-log",
            terminationLog().toString()
        };
    }

    Ended start() {
        return start(new StopSignal());
    }

    Ended start(StopSignal stop) {
        write();
        return startAsWritten(stop);
    }

    Ended startAsWritten(StopSignal stop) {
        RunOptions options = options();
        log.reset();
        PrintStream out = new PrintStream(log, false, StandardCharsets.UTF_8) {
            @Override
            public void println(String line) {
                super.println(line);
                listener.accept(line);
            }
        };
        int code = Main.run(options, stop, Clock.systemUTC(), new RunLog(out, Clock.systemUTC()));
        return new Ended(code, lastWord());
    }

    /** What the latest attempt has logged so far. */
    String log() {
        return log.toString(StandardCharsets.UTF_8);
    }

    private RunOptions options() {
        return new RunOptions(
                config(), root(), terminationLog(), Duration.ofSeconds(15), 1, memoryLimit, metricsAddress);
    }

    LastWord lastWord() {
        try {
            return Json.strict().readValue(Files.readString(terminationLog()), LastWord.class);
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** The checkpoints that are complete, oldest first. */
    List<Path> checkpoints() {
        Path all = root().resolve("scratch").resolve("checkpoints");
        try (Stream<Path> paths = Files.walk(all)) {
            return paths.filter(path -> path.getFileName().toString().startsWith("step-"))
                    .sorted()
                    .toList();
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** The arrays of the checkpoint of a step by name: {@code weights/} and {@code optimizer/}. */
    SortedMap<String, byte[]> state(int step) {
        Path folder = checkpoints().stream()
                .filter(path -> path.getFileName().toString().equals("step-%08d".formatted(step)))
                .findFirst()
                .orElseThrow();
        try (Safetensors file = Safetensors.open(folder.resolve("state.safetensors"))) {
            SortedMap<String, byte[]> arrays = new TreeMap<>();
            file.tensors()
                    .keySet()
                    .forEach(name -> arrays.put(name, file.bytes(name).toArray(ValueLayout.JAVA_BYTE)));
            return arrays;
        }
    }

    Path liveMetrics() {
        return root().resolve("scratch").resolve("metrics.jsonl");
    }

    List<JsonNode> metrics() {
        return lines(output().resolve("metrics.jsonl"));
    }

    static List<JsonNode> lines(Path file) {
        try {
            List<JsonNode> lines = new ArrayList<>();
            for (String line : Files.readAllLines(file)) {
                lines.add(JSON.readTree(line));
            }
            return lines;
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** What must be equal in two equal runs: all of metrics.jsonl but time and memory. */
    List<String> reproducibleMetrics() {
        return metrics().stream()
                .map(line -> ((ObjectNode) line)
                        .without(List.of("seconds", "peakMemoryBytes", "cache"))
                        .toString())
                .toList();
    }

    /** What TensorBoard shows of the output, without time and memory: step and value by tag. */
    Map<String, List<String>> reproducibleCurves() {
        try {
            Map<String, List<String>> curves = new TreeMap<>();
            TensorBoardFolder.read(output().resolve(TensorBoardLog.FOLDER))
                    .curves()
                    .forEach((tag, points) -> {
                        if (!tag.startsWith("speed/") && !tag.startsWith("memory/")) {
                            curves.put(
                                    tag,
                                    points.stream()
                                            .map(point -> point.step() + ": " + point.value())
                                            .toList());
                        }
                    });
            return curves;
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    byte[] weights() {
        try {
            return Files.readAllBytes(output().resolve("model.safetensors"));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    JsonNode document() {
        try {
            return JSON.readTree(Files.readString(output().resolve("vlfinetune.json")));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** The bytes of a tensor of the base model. */
    byte[] base(String tensor) {
        try (Checkpoint base = Checkpoint.open(model())) {
            return base.fileOf(tensor).bytes(tensor).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** Names of the tensors whose bytes differ between base and output; all must have the same names, types, shapes. */
    SortedSet<String> changed() {
        try (Checkpoint base = Checkpoint.open(model());
                Checkpoint trained = Checkpoint.open(output())) {
            if (!kinds(base).equals(kinds(trained))) {
                throw new AssertionError(kinds(base) + " became " + kinds(trained));
            }
            SortedSet<String> changed = new TreeSet<>();
            for (String name : base.tensors().keySet()) {
                byte[] before = base.fileOf(name).bytes(name).toArray(ValueLayout.JAVA_BYTE);
                byte[] after = trained.fileOf(name).bytes(name).toArray(ValueLayout.JAVA_BYTE);
                if (!Arrays.equals(before, after)) {
                    changed.add(name);
                }
            }
            return changed;
        }
    }

    private static Map<String, String> kinds(Checkpoint checkpoint) {
        Map<String, String> kinds = new TreeMap<>();
        for (TensorInfo info : checkpoint.tensors().values()) {
            kinds.put(info.name(), info.dtype() + " " + info.shape());
        }
        return kinds;
    }

    /** Whatever stands at the destination or beside it. */
    List<Path> leftovers() {
        Path parent = output().getParent();
        if (!Files.exists(parent)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.list(parent)) {
            return paths.toList();
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }
}
