package io.vlfinetune.trainer.family.llava;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Fixtures;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.SampleLocation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.processor.ChatProcessor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Against golden.json and golden.safetensors, which transformers 5.23.0 made from the same folder. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LlavaGoldenTest {
    private static final Path FOLDER = Fixtures.llava();
    private static final JsonMapper JSON = new JsonMapper();

    private ChatProcessor processor;
    private JsonNode golden;

    @BeforeAll
    void open() throws IOException {
        processor = LlavaProcessor.open(FOLDER, MediaRoot.open(FOLDER), 2048);
        golden = JSON.readTree(FOLDER.resolve("golden.json").toFile());
    }

    @AfterAll
    void close() {
        processor.close();
    }

    @Test
    void givenTheGoldenSampleWhenEncodedThenTextIdsAndLabelsAreTransformers() {
        Conversation conversation = conversation(
                "sample.png",
                golden.get("question").asText(),
                golden.get("answer").asText());
        EncodedSample sample = processor.encode(conversation);

        assertThat(new LlavaChatTemplate("<image>", "</s>").render(conversation).text())
                .isEqualTo(golden.get("conversation").asText());
        assertThat(sample.inputIds()).isEqualTo(ints(golden.get("input_ids")));
        assertThat(sample.labels()).isEqualTo(ints(golden.get("labels")));
        assertThat(sample.id()).isEqualTo("golden.jsonl:1");
    }

    @Test
    void givenTheGoldenPairWhenEncodedThenIdsAndLabelsAreTransformers() {
        JsonNode batch = golden.get("batch");
        for (int i = 0; i < 2; i++) {
            EncodedSample sample = processor.encode(conversation(
                    batch.get("files").get(i).asText(),
                    batch.get("questions").get(i).asText(),
                    batch.get("answers").get(i).asText()));
            assertThat(sample.inputIds()).isEqualTo(ints(batch.get("input_ids").get(i)));
            assertThat(sample.labels()).isEqualTo(ints(batch.get("labels").get(i)));
        }
    }

    @Test
    void givenTheGoldenImageWhenProcessedThenPixelsAreTransformers() throws IOException {
        Pixels pixels = processor
                .encode(conversation("sample.png", "Which digit is this?", "It is the digit three."))
                .images()
                .getFirst();
        float[] expected = tensor("pixel_values");
        assertThat(pixels.height()).isEqualTo(56);
        assertThat(pixels.width()).isEqualTo(56);
        assertThat(pixels.values()).hasSameSizeAs(expected);
        float most = 0;
        for (int i = 0; i < expected.length; i++) {
            most = Math.max(most, Math.abs(expected[i] - pixels.values()[i]));
        }
        assertThat(most).isLessThanOrEqualTo(1e-6f);
    }

    private static Conversation conversation(String image, String question, String answer) {
        return new Conversation(
                SampleLocation.ofLine("golden.jsonl", 1),
                List.of(
                        new Turn(Speaker.User, List.of(new Content.Image(image), new Content.Text(question))),
                        new Turn(Speaker.Assistant, List.of(new Content.Text(answer)))));
    }

    private static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).intValue();
        }
        return values;
    }

    private static float[] tensor(String name) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(FOLDER.resolve("golden.safetensors")))
                .order(ByteOrder.LITTLE_ENDIAN);
        int headerBytes = Math.toIntExact(file.getLong());
        byte[] header = new byte[headerBytes];
        file.get(header);
        int[] place = ints(JSON.readTree(new String(header, StandardCharsets.UTF_8))
                .get(name)
                .get("data_offsets"));
        float[] values = new float[(place[1] - place[0]) / 4];
        file.position(8 + headerBytes + place[0]).asFloatBuffer().get(values);
        return values;
    }
}
