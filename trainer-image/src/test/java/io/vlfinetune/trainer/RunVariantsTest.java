package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs off the beaten track: claims, shards, samples without and with several images, plans that leave gaps. */
class RunVariantsTest {
    private static final String TEXT_ONLY =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Frage\"}, {\"role\": \"assistant\", \"content\": \"ja\"}]}";

    @TempDir
    private Path folder;

    private TestRun run;

    @BeforeEach
    void prepare() {
        run = new TestRun(folder).training(Map.of("steps", 3, "batchSize", 1));
    }

    @Test
    void givenClaimsWhenTrainedThenEverythingIsFoundAndWrittenUnderTheRoot() throws IOException {
        Path claims = Files.createDirectories(run.root().resolve("claims"));
        Files.createDirectories(claims.resolve("models"));
        Files.move(run.model(), claims.resolve("models").resolve("base"));
        Files.move(run.data(), claims.resolve("data"));
        run.json().putObject("mounts").put("models", "claims/models").put("data", "claims/data");
        run.part("model").put("source", "pvc://models/base");
        ((ObjectNode) run.part("data").withArray("train").get(0)).put("source", "pvc://data/train.jsonl");
        ((ObjectNode) run.part("data").withArray("evaluation").get(0)).put("source", "pvc://data/held.jsonl");
        run.part("data").put("mediaRoot", "pvc://data");
        run.part("output").put("destination", "pvc://models/trained");

        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(Objects.requireNonNull(ended.lastWord().output()).uri()).isEqualTo("pvc://models/trained");
        assertThat(claims.resolve("models").resolve("trained").resolve("model.safetensors"))
                .isNotEmptyFile();
    }

    @Test
    void givenAShardedCheckpointWhenTrainedThenTheOutputHasTheSameShards() throws IOException {
        shard();
        TestRun.Ended ended = run.projectorOnly().start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(run.changed()).hasSize(4);
        try (Checkpoint base = Checkpoint.open(run.model());
                Checkpoint trained = Checkpoint.open(run.output())) {
            for (String name : base.tensors().keySet()) {
                assertThat(trained.fileOf(name).file().getFileName())
                        .isEqualTo(base.fileOf(name).file().getFileName());
            }
        }
        try (Stream<Path> files = Files.list(run.output())) {
            assertThat(files.filter(file -> file.toString().endsWith(".safetensors")))
                    .hasSize(2);
        }
        assertThat(run.output().resolve(Checkpoint.INDEX))
                .hasSameBinaryContentAs(run.model().resolve(Checkpoint.INDEX));
        sameTensorsAsFromOneFile();
    }

    /** How a model is cut into files makes no difference to what is learnt. */
    private void sameTensorsAsFromOneFile() {
        TestRun whole = new TestRun(folder.resolve("whole"))
                .training(Map.of("steps", 3, "batchSize", 1))
                .projectorOnly();
        assertThat(whole.start().exitCode()).isZero();
        try (Checkpoint sharded = Checkpoint.open(run.output());
                Checkpoint single = Checkpoint.open(whole.output())) {
            assertThat(single.files()).hasSize(1);
            assertThat(sharded.tensors().keySet()).isEqualTo(single.tensors().keySet());
            for (String name : single.tensors().keySet()) {
                assertThat(sharded.digest(name)).as(name).isEqualTo(single.digest(name));
            }
        }
    }

    private void shard() throws IOException {
        Path whole = run.model().resolve("model.safetensors");
        ObjectNode index = new JsonMapper().createObjectNode();
        index.putObject("metadata").put("total_size", 1);
        ObjectNode map = index.putObject("weight_map");
        try (Safetensors file = Safetensors.open(whole)) {
            Map<String, Map<String, TensorContent>> shards = new TreeMap<>();
            for (String name : file.tensors().keySet()) {
                String shard = name.startsWith("language_model")
                        ? "model-00002-of-00002.safetensors"
                        : "model-00001-of-00002.safetensors";
                map.put(name, shard);
                shards.computeIfAbsent(shard, made -> new TreeMap<>()).put(name, TensorContent.Stored.of(file, name));
            }
            shards.forEach((name, tensors) ->
                    SafetensorsWriter.write(run.model().resolve(name), tensors, Map.of("format", "pt")));
        }
        Files.delete(whole);
        Files.writeString(run.model().resolve("model.safetensors.index.json"), index.toString());
    }

    @Test
    void givenSamplesWithoutImagesWhenEverythingIsTrainedThenStepsWithoutATowerWork() throws IOException {
        Files.write(
                run.data().resolve("train.jsonl"),
                List.of(TEXT_ONLY, TestRun.sample("sample.png", "<image>Frage", "ja"), TEXT_ONLY));
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(run.changed()).anyMatch(name -> name.startsWith("vision_tower"));
    }

    @Test
    void givenSamplesWithoutImagesWhenOnlyTheTowerIsTrainedThenTheirStepsChangeNothing() throws IOException {
        run.part("freeze").put("projector", true).put("languageModel", true);
        Files.write(
                run.data().resolve("train.jsonl"),
                List.of(TEXT_ONLY, TestRun.sample("sample.png", "<image>Frage", "ja"), TEXT_ONLY));
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(run.changed()).isNotEmpty().allMatch(name -> name.startsWith("vision_tower"));
        assertThat(run.metrics().stream()
                        .filter(line -> line.has("gradientNorm"))
                        .filter(line -> line.path("gradientNorm").asDouble() == 0))
                .hasSize(2);
    }

    @Test
    void givenNoImageAtAllWhenOnlyTheTowerIsTrainedThenTheProofNamesEverythingAsUnused() throws IOException {
        run.part("freeze").put("projector", true).put("languageModel", true);
        Files.write(run.data().resolve("train.jsonl"), List.of(TEXT_ONLY));
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(run.changed()).isEmpty();
        assertThat(Objects.requireNonNull(ended.lastWord().proof()).changedTensors())
                .isZero();
        assertThat(run.document().at("/proof/unused")).hasSize(71);
    }

    @Test
    void givenSeveralImagesInASampleWhenTrainedThenItWorks() throws IOException {
        String two = TestRun.sample("sample.png", "<image>und <image>?", "ja")
                .replace("[\"sample.png\"]", "[\"sample.png\",\"sample2.png\"]");
        Files.write(run.data().resolve("train.jsonl"), List.of(two, TEXT_ONLY));
        run.training(Map.of("batchSize", 2));
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
    }

    @Test
    void givenASampleWithNothingToLearnWhenStartedThenItIsNamed() throws IOException {
        Files.write(
                run.data().resolve("train.jsonl"),
                List.of(
                        TestRun.sample("sample.png", "<image>Frage", "ja"),
                        "{\"messages\": [{\"role\": \"user\", \"content\": \"Frage\"}]}"));
        TestRun.Ended ended = run.start();
        assertThat(ended.lastWord().message()).contains("train.jsonl:2: ");
        assertThat(ended.lastWord().reason()).isEqualTo(Reason.DataInvalid);
        assertThat(run.leftovers()).isEmpty();
    }

    @Test
    void givenAnEmptyAnswerWhenTrainedThenItsEndIsLearnt() throws IOException {
        Files.write(run.data().resolve("train.jsonl"), List.of(TestRun.sample("sample.png", "<image>Frage", "")));
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(run.metrics().stream().filter(line -> line.has("gradientNorm")))
                .allSatisfy(step ->
                        assertThat(step.path("loss").asDouble()).isPositive().isFinite());
    }

    @Test
    void givenATopBlockAndTheEmbeddingWhenTrainedThenExactlyThoseChange() {
        run.part("freeze").put("visionTower", true).put("projector", true).put("languageModel", true);
        var rules = run.part("freeze").withArray("rules");
        rules.addObject()
                .put("part", "VisionTower")
                .put("frozen", false)
                .putObject("layers")
                .put("from", 1)
                .put("to", 1);
        rules.addObject().put("role", "LanguageNorm").put("frozen", false);

        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        TreeSet<String> groups = new TreeSet<>();
        run.changed().forEach(name -> groups.add(name.replaceFirst("(layers\\.\\d+)\\..*", "$1")));
        assertThat(groups)
                .containsExactly("language_model.model.norm.weight", "vision_tower.vision_model.encoder.layers.1");
        assertThat(Objects.requireNonNull(ended.lastWord().proof()).holds()).isTrue();
    }
}
