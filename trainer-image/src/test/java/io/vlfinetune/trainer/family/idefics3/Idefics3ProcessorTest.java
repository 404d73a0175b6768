package io.vlfinetune.trainer.family.idefics3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.SampleLocation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.processor.TemplateFile;
import io.vlfinetune.trainer.testing.EditedFixture;
import io.vlfinetune.trainer.testing.Pictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Idefics3ProcessorTest {
    private static final String PREPROCESSING = "preprocessor_config.json";

    @TempDir
    private Path folder;

    private EditedFixture model;

    @BeforeEach
    void copyModel() {
        model = EditedFixture.copy("idefics3", folder);
    }

    /** Digests of {@code pixel_values} are those of transformers 5.23 with Pillow 11.3, tiles of 64 pixels. */
    @ParameterizedTest(name = "{0} x {1} {2}")
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '\u0001',
            value = {
                "1;    1;    {}; 2; 2; e426ac061519e2ba",
                "4000; 1;    {}; 1; 2; 25a0f7b4dfcc5313",
                "1;    4000; {}; 2; 1; 1d2a0b616f068ee1",
                "3;    3;    {}; 2; 2; ee2ffcfc7ee8bbe4",
                "3;    50;   {}; 2; 1; e4c00f259eb0eecb",
                "65;   64;   {}; 2; 2; c94bb25d09c4ac7c",
                "200;  100;  {}; 1; 2; 29d5f5c5959d41af",
                "70;   300;  {}; 2; 1; 947479eeed87f262",
                "65;   64;   {\"do_image_splitting\": false}; 0; 0; 4039dd4ff3fad9ff",
                "200;  100;  {\"do_image_splitting\": false}; 0; 0; d5bb42eabf2a0c27",
                "65;   64;   {\"do_resize\": false}; 2; 2; 2dc12b89f6b02c78",
                "200;  100;  {\"do_resize\": false}; 2; 4; 4d80439ba59dae72",
                "200;  100;  {\"size\": {\"longest_edge\": 5000}}; 32; 64; 4ce4593dba06462a",
            })
    void givenAnImageOfAnySizeThenTilesAreThoseOfTransformers(
            int width, int height, String preprocessing, int rows, int columns, String digest) {
        model.merged(PREPROCESSING, preprocessing);
        Idefics3Images.Tiles tiles = Idefics3Images.open(folder).process(Pictures.of(width, height));
        assertThat(tiles.rows()).isEqualTo(rows);
        assertThat(tiles.columns()).isEqualTo(columns);
        assertThat(tiles.pixels().shape()).containsExactly(rows * columns + 1, 3, 64, 64);
        assertThat(Pictures.digest(tiles.pixels())).isEqualTo(digest);
    }

    @Test
    void givenAnImageOfOneTileThenThereIsNoSecondOne() {
        model.merged(PREPROCESSING, "{\"do_resize\": false}");
        Idefics3Images.Tiles tiles = Idefics3Images.open(folder).process(Pictures.of(64, 64));
        assertThat(tiles.rows()).isZero();
        assertThat(tiles.pixels().pieces()).isEqualTo(1);
    }

    /** Ids are those of transformers' {@code apply_chat_template(tokenize=True)}. */
    @Test
    void givenTwoImagesThenIdsAreThoseOfTransformers() {
        Pictures.write(folder.resolve("small.png"), 30, 30);
        Pictures.write(folder.resolve("wide.png"), 200, 100);
        EncodedSample sample = encode(conversation("<small.png>", "a", "<wide.png>"));
        assertThat(sample.inputIds())
                .containsExactly(
                        463, 395, 25, 465, 469, 466, 466, 466, 466, 465, 470, 466, 466, 466, 466, 198, 465, 475, 466,
                        466, 466, 466, 465, 476, 466, 466, 466, 466, 198, 198, 465, 468, 466, 466, 466, 466, 465, 64,
                        465, 469, 466, 466, 466, 466, 465, 470, 466, 466, 466, 466, 198, 198, 465, 468, 466, 466, 466,
                        466, 465, 467, 198, 32, 360, 25, 272, 467, 198);
        assertThat(sample.images()).extracting(pixels -> pixels.pieces()).containsExactly(5, 3);
        assertThat(Arrays.stream(sample.labels()).filter(label -> label >= 0)).containsExactly(272, 467);
    }

    @Test
    void givenTextAloneThenThereIsABlankAfterTheColonAndNoImage() {
        EncodedSample sample = encode(conversation("odd"));
        assertThat(sample.images()).isEmpty();
        assertThat(sample.inputIds()).startsWith(463, 395, 25).doesNotContain(465, 466);
        assertThat(new Idefics3ChatTemplate(Idefics3ChatTemplate.IM_START)
                        .render(conversation("odd", "<small.png>"))
                        .text())
                .isEqualTo("<|im_start|>User: odd<image><end_of_utterance>\nAssistant: b<end_of_utterance>\n");
    }

    @Test
    void givenAnImageTokenOfTheModelInTheTextThenTheSampleIsRefused() {
        assertThatThrownBy(() -> encode(conversation("a <image> b")))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessageContaining("the model's own image token");
    }

    @ParameterizedTest
    @ValueSource(strings = {"<|im_start|>", "<|begin_of_text|>"})
    void givenPublishedSpellingsOfTheTemplateThenTheyAreKnown(String beginning) {
        String rest = model(folder).substring("<|im_start|>".length());
        for (String spelling : List.of(
                rest,
                rest.replace(" | capitalize", ".capitalize()"),
                rest.replace(
                        "{{ '<image>' }}{% endif %}",
                        "{{ '<image>' }}{% elif line['type'] == 'video' %}{{ '<video>' }}{% endif %}"))) {
            model.json("chat_template.json", json -> json.put("chat_template", beginning + spelling));
            assertThat(Idefics3ChatTemplate.in(folder).beginning()).isEqualTo(beginning);
        }
        model.json("chat_template.json", json -> json.put("chat_template", beginning + rest + "."));
        assertThatThrownBy(() -> Idefics3ChatTemplate.in(folder))
                .hasMessageContaining("chat_template.json: `chat_template` is not the chat template of Idefics3");
    }

    private static String model(Path folder) {
        return TemplateFile.find(folder).orElseThrow().text();
    }

    @Test
    void givenNoTemplateThenItIsSmolVlms() throws IOException {
        Files.delete(folder.resolve("chat_template.json"));
        model.json("tokenizer_config.json", json -> json.remove("chat_template"));
        assertThat(Idefics3ChatTemplate.in(folder).beginning()).isEqualTo("<|im_start|>");
    }

    /** transformers adds special tokens unless the text begins with the tokenizer's first one. */
    @Test
    void givenABeginningThatTheTemplateWritesThenTheTokenizerAddsNone() {
        model.json("tokenizer_config.json", json -> json.put("bos_token", "<|im_start|>"));
        try (ChatProcessor processor = open()) {
            assertThat(processor.addsSpecialTokens()).isFalse();
        }
        model.json("tokenizer_config.json", json -> json.put("bos_token", "<|endoftext|>"));
        try (ChatProcessor processor = open()) {
            assertThat(processor.addsSpecialTokens()).isTrue();
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '\u0001',
            value = {
                "preprocessor_config.json; {\"image_processor_type\": \"CLIPImageProcessor\"};"
                        + " image_processor_type: \"CLIPImageProcessor\" is not supported",
                "preprocessor_config.json; {\"size\": {\"height\": 64, \"width\": 64}}; longest_edge alone",
                "preprocessor_config.json; {\"max_image_size\": {\"longest_edge\": 128}};"
                        + " max_image_size.longest_edge: 128 is not supported; supported: vision_config.image_size",
                "preprocessor_config.json; {\"resample\": 0}; resample: 0",
                "processor_config.json; {\"image_seq_len\": 169}; image_seq_len: 169: the vision tower makes 4 features",
                "tokenizer_config.json; {\"fake_image_token\": \"<fake>\"}; fake_image_token: \"<fake>\"",
                "config.json; {\"image_token_id\": 3}; image_token_id: 3: the tokenizer's <image> is 466",
            })
    void givenAFolderThatContradictsItselfThenFileAndFieldAreNamed(String file, String more, String problem) {
        model.merged(file, more);
        assertThatThrownBy(() -> open().close())
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ModelUnsupported))
                .hasMessageContaining(file)
                .hasMessageContaining(problem);
    }

    private ChatProcessor open() {
        return Idefics3Processor.open(folder, MediaRoot.open(folder), 4096);
    }

    private EncodedSample encode(Conversation conversation) {
        try (ChatProcessor processor = open()) {
            return processor.encode(conversation);
        }
    }

    /** One question of texts and images, {@code <file>}, answered by "b". */
    private static Conversation conversation(String... question) {
        List<Content> content = new ArrayList<>();
        for (String part : question) {
            content.add(
                    part.endsWith(".png>")
                            ? new Content.Image(part.substring(1, part.length() - 1))
                            : new Content.Text(part));
        }
        return new Conversation(
                SampleLocation.ofLine("train.jsonl", 17),
                List.of(new Turn(Speaker.User, content), new Turn(Speaker.Assistant, List.of(new Content.Text("b")))));
    }
}
