package io.vlfinetune.trainer.family.llavanext;

import static io.vlfinetune.trainer.testing.ModelFolder.conversation;
import static io.vlfinetune.trainer.testing.ModelFolder.turn;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.family.llava.LlavaChatTemplate;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.processor.ImageEncoder;
import io.vlfinetune.trainer.testing.ModelFolder;
import io.vlfinetune.trainer.testing.Pattern;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LlavaNextProcessorTest {
    private static final String MORE = "[[56, 112], [112, 56], [112, 112], [168, 56], [56, 168]]";

    @TempDir
    private Path folder;

    private ModelFolder model;

    @BeforeEach
    void copy() {
        model = ModelFolder.copy("llava_next", folder);
    }

    /** Tiles, image tokens and pixels as transformers 5.23 with Pillow 11.3 makes them; the last column is a digest. */
    @ParameterizedTest(name = "{0} x {1}")
    @CsvSource({
        "1, 1, 3, 36, 5360223567073699, 3, 36, 5360223567073699",
        "4000, 1, 3, 16, 6e881aebd05b70ba, 3, 16, ea051c77a8903324",
        "1, 4000, 3, 24, bb80f9dcb77483a7, 3, 20, 35034a782e67046c",
        "56, 56, 3, 36, 9e14fd9289282922, 3, 36, 5e7e2626ef43560f",
        "113, 56, 4, 52, 4888eb18615ce4b7, 4, 52, 4888eb18615ce4b7",
        "200, 100, 3, 52, c3a1e509bfad976e, 3, 52, c3a1e509bfad976e",
        "100, 299, 4, 76, e8f9e0408e60e1e3, 4, 76, e8f9e0408e60e1e3",
        "3, 2, 3, 26, 292b53f39482e92c, 3, 44, 502a1c864d7ec0cf",
        "57, 55, 3, 36, ce60ca481fbab147, 3, 36, ce60ca481fbab147",
        "300, 300, 3, 36, cfdd7eb754f680ed, 5, 88, b81176126a04cfe9",
    })
    void givenImagesOfAnyShapeThenTilesTokensAndPixelsAreThoseOfTransformers(
            int width,
            int height,
            int tiles,
            int tokens,
            String digest,
            int moreTiles,
            int moreTokens,
            String moreDigest) {
        assertImage(width, height, tiles, tokens, digest);
        model.merge("preprocessor_config.json", "{\"image_grid_pinpoints\": " + MORE + "}");
        assertImage(width, height, moreTiles, moreTokens, moreDigest);
    }

    private void assertImage(int width, int height, int tiles, int tokens, String digest) {
        ImageEncoder.Encoded encoded =
                TiledImages.open(folder).encoder("<image>", 4).encode(Pattern.image(width, height));
        Pixels pixels = encoded.pixels();
        assertThat(pixels.shape()).containsExactly(tiles, 3, 56, 56);
        assertThat(pixels.height()).isEqualTo(height);
        assertThat(pixels.width()).isEqualTo(width);
        assertThat(encoded.tokens()).isEqualTo(tokens);
        assertThat(encoded.text()).isEqualTo("<image>".repeat(tokens));
        assertThat(Pattern.digest(pixels)).isEqualTo(digest);
    }

    @Test
    void givenSeveralTurnsWhenRenderedThenImagesComeFirstAndAnswersCarryLoss() {
        var rendered = new MistralTemplate("<image>")
                .render(conversation(
                        turn(Speaker.System, "Be brief."),
                        turn(Speaker.User, "Here: ", "<image>", "\nWhat?"),
                        turn(Speaker.Assistant, "One "),
                        turn(Speaker.User, "And ", "then?"),
                        turn(Speaker.Assistant)));
        assertThat(rendered.text())
                .isEqualTo("<<SYS>>\nBe brief.\n<</SYS>>\n\n[INST] <image>\nHere: What? [/INST] One </s> "
                        + "[INST] And then? [/INST] </s> ");
        assertThat(rendered.trained().stream().map(span -> rendered.text().substring(span.start(), span.end())))
                .containsExactly(" One </s>", " </s>");
    }

    @Test
    void givenAnAnswerOfSeveralTextsThenItIsRefusedBecauseTheTemplateWouldDropAllButOne() {
        assertThatThrownBy(() -> new MistralTemplate("<image>")
                        .render(conversation(turn(Speaker.User, "?"), turn(Speaker.Assistant, "a", "b"))))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessage("train.jsonl:7: a turn of the assistant has 2 texts, but the model's chat template writes"
                        + " only one; join them");
    }

    @Test
    void givenSeveralImagesAndNoneThenEachHasItsTokens() {
        try (ChatProcessor processor = model.processor()) {
            EncodedSample two = processor.encode(conversation(
                    turn(Speaker.User, "<image>", "or ", "<image>"),
                    turn(Speaker.Assistant, "a"),
                    turn(Speaker.User, "<image>"),
                    turn(Speaker.Assistant, "b")));
            assertThat(two.images()).hasSize(3);
            assertThat(Arrays.stream(two.inputIds()).filter(id -> id == 529)).hasSize(3 * 44);
            EncodedSample none = processor.encode(conversation(turn(Speaker.User, "?"), turn(Speaker.Assistant, "!")));
            assertThat(none.images()).isEmpty();
            assertThat(none.inputIds()).doesNotContain(529);
            assertThatThrownBy(() -> processor.encode(
                            conversation(turn(Speaker.User, "a <image> b"), turn(Speaker.Assistant, "x"))))
                    .hasMessageContaining("the model's own image token");
        }
    }

    @Test
    void givenAPublishedTemplateThenItDecidesAndWithoutOneTheLanguageModelDoes() throws Exception {
        assertTemplate(MistralTemplate.class);
        for (String known : MistralTemplate.KNOWN) {
            Files.writeString(folder.resolve("chat_template.jinja"), known.replace("' [/INST]'", " ' [/INST]' "));
            assertTemplate(MistralTemplate.class);
        }
        Files.writeString(folder.resolve("chat_template.jinja"), LlavaChatTemplate.PUBLISHED);
        assertTemplate(LlavaChatTemplate.class);
        Files.writeString(
                folder.resolve("chat_template.jinja"),
                MistralTemplate.KNOWN.getFirst().replace("</s>", "<\\\\s>"));
        assertThatThrownBy(model::processor)
                .hasMessageContaining("chat_template.jinja is not the chat template of LLaVA-NeXT");

        Files.delete(folder.resolve("chat_template.jinja"));
        Files.delete(folder.resolve("chat_template.json"));
        model.edit("tokenizer_config.json", json -> json.remove("chat_template"));
        assertTemplate(MistralTemplate.class);
        model.merge("config.json", "{\"text_config\": {\"model_type\": \"llama\"}}");
        assertTemplate(LlavaChatTemplate.class);
    }

    private void assertTemplate(Class<?> kind) {
        try (ChatProcessor processor = model.processor()) {
            assertThat(processor.template()).isInstanceOf(kind);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '\u0001', textBlock = """
            preprocessor_config.json; {"image_processor_type": "CLIPImageProcessor"}; image_processor_type: "CLIPImageProcessor" is not supported; supported: LlavaNextImageProcessor
            preprocessor_config.json; {"aspect_ratio_setting": "pad"}; aspect_ratio_setting: "pad" is not supported; supported: "anyres"
            preprocessor_config.json; {"size": 28}; preprocessor_config.json: crop_size: {"height":56,"width":56}: size is 28
            preprocessor_config.json; {"size": 28, "crop_size": 28}; makes images of 28 x 28 pixels, but the vision tower takes 56 x 56 pixels
            preprocessor_config.json; {"size": {"height": 56, "width": 28}}; size: {"shortest_edge":56,"height":56,"width":28} is not supported; supported: shortest_edge alone, or equal height and width
            preprocessor_config.json; {"image_grid_pinpoints": [[56, 56]]}; config.json: image_grid_pinpoints: [[112,56],[56,112],[168,56],[56,168]]: preprocessor_config.json has another list
            preprocessor_config.json; {"image_grid_pinpoints": [[60, 112]]}; image_grid_pinpoints: [[60,112]] is not supported; supported: multiples of the vision tower's 56 pixels
            preprocessor_config.json; {"image_grid_pinpoints": []}; image_grid_pinpoints: [] is not supported
            preprocessor_config.json; {"image_grid_pinpoints": "(1x1),...,(6x6)"}; image_grid_pinpoints: "(1x1),...,(6x6)" is not supported
            preprocessor_config.json; {"image_grid_pinpoints": [[56]]}; image_grid_pinpoints: [[56]] is not supported; supported: pairs of height and width
            preprocessor_config.json; {"resample": 0}; resample: 0 is not supported
            processor_config.json; {"patch_size": 16}; patch_size: 16: the vision tower's is 14
            """)
    void givenWhatIsNotSupportedWhenOpenedThenFileAndFieldAreNamed(String file, String change, String problem) {
        model.merge(file, change);
        assertThatThrownBy(model::processor)
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ModelUnsupported))
                .hasMessageContaining(problem);
    }

    /** transformers 5 saves what was preprocessor_config.json within processor_config.json. */
    @Test
    void givenTheFilesOfTransformersFiveThenTheyMeanTheSame() throws Exception {
        Path old = folder.resolve("preprocessor_config.json");
        JsonNode settings = new JsonMapper().readTree(old.toFile());
        Files.delete(old);
        model.edit("processor_config.json", json -> json.set("image_processor", settings));
        assertImage(3, 2, 3, 26, "292b53f39482e92c");
        model.processor().close();
    }

    @Test
    void givenSizesAsOldFilesHaveThemThenTheyMeanTheSame() {
        model.edit("preprocessor_config.json", json -> json.put("size", 56).put("crop_size", 56));
        assertImage(3, 2, 3, 26, "292b53f39482e92c");
        model.edit(
                "preprocessor_config.json",
                json -> json.set(
                        "size",
                        new JsonMapper().createObjectNode().put("height", 56).put("width", 56)));
        assertImage(3, 2, 3, 26, "292b53f39482e92c");
    }
}
