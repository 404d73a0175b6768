package io.vlfinetune.trainer.family.qwen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;
import io.vlfinetune.trainer.data.SampleLocation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.family.Families;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.processor.RefusedException;
import io.vlfinetune.trainer.processor.TemplateFile;
import io.vlfinetune.trainer.testing.FixtureCopy;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers are those of transformers 5.23 ({@code Qwen2VLImageProcessorPil}, {@code Qwen2VLModel.get_rope_index}). */
class QwenProcessorTest {
    private static final int IMAGE = 474;
    private static final int VIDEO = 475;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "1, 1, 56, 56",
        "1, 200, 28, 812",
        "200, 1, 812, 28",
        "70, 70, 56, 56",
        "98, 42, 112, 56",
        "14, 14, 56, 56",
        "3000, 20, 1344, 28",
        "1000, 1000, 112, 112",
        "20, 4000, 28, 1568",
        "126, 98, 112, 112",
    })
    void givenAnImageThenItsSizeIsThatOfTransformers(int height, int width, int high, int wide) {
        assertThat(new SmartResize(28, 3136, 12544).of(height, width)).isEqualTo(new SmartResize.Size(high, wide));
    }

    @ParameterizedTest
    @CsvSource({"1, 4000", "4000, 1", "1, 201"})
    void givenAnImageTooLongForTransformersThenItIsRefused(int height, int width) {
        assertThatThrownBy(() -> new SmartResize(28, 3136, 12544).of(height, width))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("an image of %d x %d pixels is too long".formatted(height, width));
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 4, 4, -31514.16278076172, -15715.470379273096",
        "1, 200, 2, 58, -11913.302527910098, 5645.195891065135",
        "61, 43, 4, 4, 1661.7935200543143, 1440.4124589010921",
    })
    void givenAnImageThenItsPatchesAreThoseOfTransformers(
            int height, int width, int rows, int columns, double sum, double weighted) {
        FixtureCopy.of("qwen2_vl", folder);
        Pixels pixels =
                QwenImages.open(folder, 14, 2, 2).encode(pattern(height, width)).pixels();
        assertThat(pixels.shape()).containsExactly(rows * columns, 1176);
        assertThat(pixels.height()).isEqualTo(rows);
        assertThat(pixels.width()).isEqualTo(columns);
        double total = 0;
        double moment = 0;
        for (int i = 0; i < pixels.values().length; i++) {
            total += pixels.values()[i];
            moment += (double) pixels.values()[i] * i;
        }
        assertThat(total).isCloseTo(sum, within(1e-2));
        assertThat(moment / pixels.values().length).isCloseTo(weighted, within(1e-2));
    }

    private static RgbImage pattern(int height, int width) {
        byte[] pixels = new byte[3 * height * width];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = 3 * (y * width + x);
                pixels[at] = (byte) (x * 7 + y * 3);
                pixels[at + 1] = (byte) (x * x + y);
                pixels[at + 2] = (byte) (x + y * y * 5);
            }
        }
        return new RgbImage(pixels, height, width);
    }

    @Test
    void givenTwoImagesThenPositionsAreThoseOfTransformers() {
        int[] ids = {1, 1, 9, 9, 9, 9, 9, 9, 1, 9, 9, 9, 9, 9, 9, 9, 9, 1, 1};
        List<Pixels> images = List.of(grid(4, 6), grid(8, 4));
        assertThat(new QwenPositions(9, 8, 2).of(ids, images)).isDeepEqualTo(new int[][] {
            {0, 1, 2, 2, 2, 2, 2, 2, 5, 6, 6, 6, 6, 6, 6, 6, 6, 10, 11},
            {0, 1, 2, 2, 2, 3, 3, 3, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 11},
            {0, 1, 2, 3, 4, 2, 3, 4, 5, 6, 7, 6, 7, 6, 7, 6, 7, 10, 11}
        });
        assertThat(new QwenPositions(9, 8, 2).of(new int[] {1, 1}, List.of())).isEmpty();
    }

    private static Pixels grid(int rows, int columns) {
        return new Pixels(new float[rows * columns], new int[] {rows * columns, 1}, rows, columns);
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2_vl", "qwen2_5_vl", "qwen3_vl"})
    void givenSeveralImagesAndTurnsWhenEncodedThenEachHasItsTokensAndAnswersCarryLoss(String family) {
        FixtureCopy.of(family, folder);
        EncodedSample sample = encode(
                new Turn(Speaker.User, text("Compare ", "<sample.png>", " with ", "<sample2.png>", ".")),
                new Turn(Speaker.Assistant, text("one")),
                new Turn(Speaker.User, text("Sure?")),
                new Turn(Speaker.Assistant, text("yes")));
        int features = sample.images().stream()
                .mapToInt(image -> image.height() * image.width() / 4)
                .sum();
        assertThat(sample.images()).hasSize(2);
        assertThat(Arrays.stream(sample.inputIds()).filter(id -> id == IMAGE)).hasSize(features);
        assertThat(sample.positions()).hasDimensions(3, sample.inputIds().length);
        // Two answers end with <|im_end|>, and the line breaks after them carry no loss.
        assertThat(Arrays.stream(sample.labels()).filter(label -> label == 464)).hasSize(2);
        assertThat(sample.labels()[sample.labels().length - 1]).isEqualTo(-100);
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2_vl", "qwen2_5_vl", "qwen3_vl"})
    void givenTextAloneWhenEncodedThenThereAreNoPositionsAndNoImages(String family) {
        FixtureCopy.of(family, folder);
        EncodedSample sample = encode(new Turn(Speaker.User, text("odd")), new Turn(Speaker.Assistant, text("even")));
        assertThat(sample.images()).isEmpty();
        assertThat(sample.positions()).isEmpty();
        assertThat(sample.inputIds()).doesNotContain(IMAGE);
    }

    @Test
    void givenATokenOfTheModelInTheTextWhenEncodedThenItIsRefusedWithItsPlace() {
        FixtureCopy.of("qwen2_vl", folder);
        assertInvalid("<|image_pad|>", "train.jsonl:17: the text contains the model's own image token");
        assertInvalid("<|video_pad|>", "train.jsonl:17: the text contains the model's own video token");
    }

    private void assertInvalid(String words, String problem) {
        assertThatThrownBy(() -> encode(new Turn(Speaker.User, text(words)), new Turn(Speaker.Assistant, text("x"))))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessageContaining(problem);
    }

    @Test
    void givenImagesOfOneRowWhenEncodedThenTheLongOneIsRefusedWithItsPlace() throws IOException {
        FixtureCopy.of("qwen2_vl", folder);
        ImageIO.write(
                new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB),
                "png",
                folder.resolve("dot.png").toFile());
        ImageIO.write(
                new BufferedImage(4000, 1, BufferedImage.TYPE_INT_RGB),
                "png",
                folder.resolve("line.png").toFile());
        EncodedSample dot =
                encode(new Turn(Speaker.User, text("<dot.png>")), new Turn(Speaker.Assistant, text("a dot")));
        assertThat(dot.images().getFirst().height()).isEqualTo(4);
        assertThatThrownBy(() ->
                        encode(new Turn(Speaker.User, text("<line.png>")), new Turn(Speaker.Assistant, text("a line"))))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessageContaining("train.jsonl:17: an image of 1 x 4000 pixels is too long for this model");
    }

    @Test
    void givenLimitsInAnySpellingThenTheyCount() {
        FixtureCopy copy = FixtureCopy.of("qwen2_vl", folder);
        assertThat(limits()).isEqualTo(new SmartResize(28, 3136, 12544));
        copy.with("preprocessor_config.json", json -> json.remove(List.of("min_pixels", "max_pixels")));
        assertThat(limits()).isEqualTo(new SmartResize(28, 3136, 1003520));
        copy.with(
                "preprocessor_config.json",
                json -> json.putObject("size").put("shortest_edge", 4000).put("longest_edge", 8000));
        assertThat(limits()).isEqualTo(new SmartResize(28, 4000, 8000));
        copy.with("preprocessor_config.json", json -> json.put("min_pixels", 5000));
        assertThat(limits()).isEqualTo(new SmartResize(28, 5000, 8000));
        copy.with(
                "processor_config.json",
                json -> json.putObject("image_processor").put("max_pixels", 9000));
        assertThat(limits()).isEqualTo(new SmartResize(28, 3136, 9000));
    }

    private SmartResize limits() {
        return QwenImages.open(folder, 14, 2, 2).size();
    }

    @Test
    void givenSettingsThatAreNotSupportedWhenOpenedThenFileAndFieldAreNamed() throws IOException {
        FixtureCopy copy = FixtureCopy.of("qwen2_vl", folder);
        copy.with("preprocessor_config.json", json -> json.put("patch_size", 16));
        assertRefused("preprocessor_config.json: patch_size: 16: the vision tower's is 14");
        copy.with("preprocessor_config.json", json -> json.put("patch_size", 14).put("merge_size", 4));
        assertRefused("preprocessor_config.json: merge_size: 4: the vision tower's is 2");
        copy.with("preprocessor_config.json", json -> json.put("merge_size", 2).put("do_resize", false));
        assertRefused("preprocessor_config.json: do_resize: false is not supported");
        copy.with("preprocessor_config.json", json -> {
            json.put("do_resize", true).remove("min_pixels");
            json.putObject("size").put("height", 56).put("width", 56);
        });
        assertRefused("preprocessor_config.json: size.shortest_edge: absent is not supported");
        copy.with("preprocessor_config.json", json -> json.put("image_processor_type", "CLIPImageProcessor"));
        assertRefused("image_processor_type: \"CLIPImageProcessor\" is not supported");
        copy.with("preprocessor_config.json", json -> {
            json.remove("size");
            json.put("image_processor_type", "Qwen2VLImageProcessorFast");
        });
        copy.with("config.json", json -> json.put("image_token_id", 3));
        assertRefused("config.json: image_token_id: 3: the tokenizer's <|image_pad|> is 474");
        copy.with("chat_template.json", json -> json.put("chat_template", "{{ messages }}"));
        assertRefused("chat_template.json: `chat_template` is not the chat template of Qwen2-VL");
        Files.delete(folder.resolve("chat_template.json"));
        copy.with("config.json", json -> json.put("image_token_id", IMAGE).put("video_token_id", VIDEO));
        open().close();
    }

    @Test
    void givenAPublishedTemplateThenItsDigestIsThatOfItsTextWithoutBlanksAround() {
        assertThat(new TemplateFile("\n abc \n", "chat_template.jinja").digest())
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    private void assertRefused(String problem) {
        assertThatThrownBy(this::open)
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ModelUnsupported))
                .hasMessageContaining(problem);
    }

    private ChatProcessor open() {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return Families.of(checkpoint.config()).processor(folder, MediaRoot.open(folder), 4096);
        }
    }

    private EncodedSample encode(Turn... turns) {
        try (ChatProcessor processor = open()) {
            return processor.encode(new Conversation(SampleLocation.ofLine("train.jsonl", 17), List.of(turns)));
        }
    }

    /** Texts, and files in pointed brackets. */
    private static List<Content> text(String... parts) {
        return Arrays.stream(parts)
                .map(part -> part.matches("<.*\\.png>")
                        ? (Content) new Content.Image(part.substring(1, part.length() - 1))
                        : new Content.Text(part))
                .toList();
    }
}
