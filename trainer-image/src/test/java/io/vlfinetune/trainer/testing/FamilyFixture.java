package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.SampleLocation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.family.Families;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.Safetensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A tiny checkpoint of one family with what transformers computed from it; see fixtures/tools/README.md. */
public final class FamilyFixture {
    /** Folder names of all fixtures. */
    public static final List<String> ALL = List.of(
            "llava", "llava_next", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "idefics3", "smolvlm", "internvl", "gemma3");

    /** Names of the golden freeze cases, and of the one with two samples. */
    public static final List<String> CASES =
            List.of("full", "vision_frozen", "projector_only", "llm_frozen", "prefix_frozen", "batch");

    private final Path folder;
    private final JsonNode golden;

    public FamilyFixture(String family) {
        folder = Path.of("src/test/resources/fixtures", family);
        try {
            golden = new JsonMapper().readTree(Files.readString(folder.resolve("golden.json")));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    public Path folder() {
        return folder;
    }

    public JsonNode golden() {
        return golden;
    }

    /** One of the five golden cases, or the two-sample batch. */
    public JsonNode expected(String name) {
        return name.equals("batch")
                ? golden.at("/batch/case")
                : golden.path("cases").path(name);
    }

    /** The golden script's names of roles, by tensor. */
    public Map<String, String> roles() {
        Map<String, String> roles = new TreeMap<>();
        golden.path("keys")
                .properties()
                .forEach(entry -> roles.put(entry.getKey(), entry.getValue().asText()));
        return roles;
    }

    /** What a golden case trains. */
    public Set<String> trainable(String name) {
        Set<String> chosen = new LinkedHashSet<>();
        roles().forEach((key, role) -> {
            if (trains(name, role, key)) {
                chosen.add(key);
            }
        });
        return chosen;
    }

    private static boolean trains(String name, String role, String key) {
        return switch (name) {
            case "vision_frozen" -> !role.startsWith("vision.");
            case "projector_only" -> role.equals("projector");
            case "llm_frozen" -> !role.startsWith("llm.");
            case "prefix_frozen" ->
                !role.equals("vision.embed")
                        && !(role.equals("vision.blocks") && (key.contains(".0.") || key.contains(".1.")));
            default -> true;
        };
    }

    /** The family's own processor, with the fixture as media root. */
    public ChatProcessor processor() {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return Families.of(checkpoint.config()).processor(folder, MediaRoot.open(folder), 4096);
        }
    }

    /** The golden conversation: one image, one question, one answer. */
    public Conversation conversation() {
        return conversation(
                "sample.png",
                golden.path("question").asText(),
                golden.path("answer").asText());
    }

    /** One image, one question, one answer. */
    public static Conversation conversation(String image, String question, String answer) {
        return new Conversation(
                SampleLocation.ofLine("golden.jsonl", 1),
                List.of(
                        new Turn(Speaker.User, List.of(new Content.Image(image), new Content.Text(question))),
                        new Turn(Speaker.Assistant, List.of(new Content.Text(answer)))));
    }

    /** The samples of a golden case, as the family's processor makes them. */
    public List<EncodedSample> samples(String name) {
        try (ChatProcessor processor = processor()) {
            if (!name.equals("batch")) {
                return List.of(processor.encode(conversation()));
            }
            JsonNode batch = golden.path("batch");
            List<EncodedSample> samples = new ArrayList<>();
            for (int i = 0; i < batch.path("files").size(); i++) {
                samples.add(processor.encode(conversation(
                        batch.path("files").path(i).asText(),
                        batch.path("questions").path(i).asText(),
                        batch.path("answers").path(i).asText())));
            }
            return samples;
        }
    }

    /** Samples without images, one longer than the golden ones. */
    public List<EncodedSample> textSamples() {
        try (ChatProcessor processor = processor()) {
            return Stream.of("one", "It is the digit three. ".repeat(20).strip())
                    .map(answer -> processor.encode(new Conversation(
                            SampleLocation.ofLine("text.jsonl", 1),
                            List.of(
                                    new Turn(Speaker.User, List.of(new Content.Text("Which digit is this?"))),
                                    new Turn(Speaker.Assistant, List.of(new Content.Text(answer)))))))
                    .toList();
        }
    }

    /** A Float32 tensor of golden.safetensors. */
    public float[] tensor(String name) {
        try (Safetensors file = Safetensors.open(folder.resolve("golden.safetensors"))) {
            return file.bytes(name).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        }
    }

    /** An integer tensor of golden.safetensors. */
    public long[] integers(String name) {
        try (Safetensors file = Safetensors.open(folder.resolve("golden.safetensors"))) {
            return file.bytes(name).toArray(ValueLayout.JAVA_LONG_UNALIGNED);
        }
    }

    /** Whole numbers of a JSON array. */
    public static int[] numbers(JsonNode array) {
        return IntStream.range(0, array.size()).map(i -> array.get(i).asInt()).toArray();
    }
}
