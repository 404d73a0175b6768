package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The tiny LLaVA checkpoint with golden values that transformers 5.23 computed from it. batch_pixels.safetensors holds
 * what Pillow 11.3 and the checkpoint's preprocessing make of sample.png and sample2.png; the first equals the golden
 * pixel values bit for bit.
 */
public final class LlavaFixture {
    public static final int IMAGE_TOKEN = 529;
    public static final int PAD_TOKEN = 530;

    /** Names of the golden freeze cases. */
    public static final List<String> CASES =
            List.of("full", "vision_frozen", "projector_only", "llm_frozen", "prefix_frozen");

    private final JsonNode golden;

    public LlavaFixture() {
        try {
            golden = new JsonMapper().readTree(Files.readString(folder().resolve("golden.json")));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    public static Path folder() {
        return Path.of("src/test/resources/fixtures/llava");
    }

    /** Copies configuration and weights, for a test that changes them. */
    public static Path copyTo(Path folder) {
        try {
            for (String name : List.of("config.json", "model.safetensors")) {
                Files.copy(folder().resolve(name), folder.resolve(name));
            }
            return folder;
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** Replaces a piece of the copied configuration. */
    public static Path withConfig(Path folder, String piece, String replacement) {
        try {
            Path file = copyTo(folder).resolve("config.json");
            String text = Files.readString(file);
            if (!text.contains(piece)) {
                throw new IllegalArgumentException(piece);
            }
            Files.writeString(file, text.replaceFirst(Pattern.quote(piece), Matcher.quoteReplacement(replacement)));
            return folder;
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** Rewrites the copied weights; the change gets every tensor by name and may rename, drop and add. */
    public static Path withTensors(Path folder, Consumer<Map<String, TensorContent>> change) {
        try (Safetensors source = Safetensors.open(folder().resolve("model.safetensors"))) {
            Map<String, TensorContent> tensors = new TreeMap<>();
            source.tensors().keySet().forEach(name -> tensors.put(name, TensorContent.Stored.of(source, name)));
            change.accept(tensors);
            SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
            return folder;
        }
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
    public Map<String, String> goldenRoles() {
        Map<String, String> roles = new TreeMap<>();
        golden.path("keys")
                .properties()
                .forEach(entry -> roles.put(entry.getKey(), entry.getValue().asText()));
        return roles;
    }

    /** What a golden case trains. */
    public Set<String> trainable(String name) {
        Set<String> chosen = new LinkedHashSet<>();
        goldenRoles().forEach((key, role) -> {
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

    /** The golden sample. */
    public EncodedSample sample() {
        return new EncodedSample(
                "sample", numbers(golden.path("input_ids")), numbers(golden.path("labels")), List.of(pixels(0)));
    }

    /** The two samples of the golden batch. */
    public List<EncodedSample> pair() {
        JsonNode batch = golden.path("batch");
        return IntStream.range(0, 2)
                .mapToObj(row -> new EncodedSample(
                        "pair " + row,
                        numbers(batch.path("input_ids").path(row)),
                        numbers(batch.path("labels").path(row)),
                        List.of(pixels(row))))
                .toList();
    }

    /** A sample without an image. */
    public EncodedSample textSample() {
        int[] ids = {1, 421, 309, 340, 391, 419, 2};
        int[] labels = {-100, -100, -100, 340, 391, 419, 2};
        return new EncodedSample("text", ids, labels, List.of());
    }

    /** The preprocessed pixels of sample.png (0) or sample2.png (1). */
    private static Pixels pixels(int image) {
        try (Safetensors file = Safetensors.open(folder().resolve("batch_pixels.safetensors"))) {
            float[] both = file.bytes("pixel_values").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            int size = both.length / 2;
            float[] one = new float[size];
            System.arraycopy(both, image * size, one, 0, size);
            return Pixels.tile(one, 56, 56);
        }
    }

    private static int[] numbers(JsonNode array) {
        return IntStream.range(0, array.size()).map(i -> array.get(i).asInt()).toArray();
    }
}
