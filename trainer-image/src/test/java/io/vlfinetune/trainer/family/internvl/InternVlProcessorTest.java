package io.vlfinetune.trainer.family.internvl;

import static io.vlfinetune.trainer.testing.ModelFolder.conversation;
import static io.vlfinetune.trainer.testing.ModelFolder.turn;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.testing.ModelFolder;
import io.vlfinetune.trainer.testing.Pattern;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InternVlProcessorTest {
    @TempDir
    private Path folder;

    private ModelFolder model;

    @BeforeEach
    void copy() {
        model = ModelFolder.copy("internvl", folder);
    }

    /** Tiles and a digest of the pixels as transformers 5.23 with Pillow 11.3 makes them. */
    @ParameterizedTest(name = "{0} x {1}")
    @CsvSource({
        "1, 1, 1, 4d8ea6d83e6ff746",
        "4000, 1, 7, 01cc5c747ab86dc8",
        "1, 4000, 7, c3638099c4d8b4ac",
        "56, 56, 1, 218deef4ece80cb2",
        "113, 56, 3, 9139af8a1c0cd712",
        "200, 100, 3, 00b8669e7e250179",
        "100, 299, 4, e30b91a613b5b4f0",
        "3, 2, 7, 623879397ea04d14",
        "57, 55, 1, 982a5b93315da24e",
        "300, 300, 5, 99982e2c683428f2",
    })
    void givenImagesOfAnyShapeThenTilesAndPixelsAreThoseOfTransformers(
            int width, int height, int tiles, String digest) {
        Pixels pixels = InternVlImages.open(folder).process(Pattern.image(width, height));
        assertThat(pixels.shape()).containsExactly(tiles, 3, 56, 56);
        assertThat(Pattern.digest(pixels)).isEqualTo(digest);
    }

    @Test
    void givenOneTileAtMostThenTheImageIsSquashedIntoIt() {
        model.edit("preprocessor_config.json", json -> json.put("max_patches", 1));
        assertThat(InternVlImages.open(folder).process(Pattern.image(4000, 1)).pieces())
                .isEqualTo(1);
    }

    @Test
    void givenMoreTilesAtLeastThenASquareHasThem() {
        model.edit("preprocessor_config.json", json -> json.put("min_patches", 4));
        assertThat(InternVlImages.open(folder).process(Pattern.image(56, 56)).pieces())
                .isEqualTo(5);
    }

    @Test
    void givenSeveralTurnsWhenRenderedThenAnswersAndTheirEndsCarryLoss() {
        var rendered = new InternVlTemplate("<IMG_CONTEXT>")
                .render(conversation(
                        turn(Speaker.System, "Be brief."),
                        turn(Speaker.User, "Here: ", "<image>", "\nWhat?"),
                        turn(Speaker.Assistant, "One", " two"),
                        turn(Speaker.User, "Sure?"),
                        turn(Speaker.Assistant)));
        assertThat(rendered.text()).isEqualTo("""
                        <|im_start|>system
                        Be brief.<|im_end|>
                        <|im_start|>user
                        Here: <IMG_CONTEXT>
                        What?<|im_end|>
                        <|im_start|>assistant
                        One two<|im_end|>
                        <|im_start|>user
                        Sure?<|im_end|>
                        <|im_start|>assistant
                        <|im_end|>
                        """);
        assertThat(rendered.trained().stream().map(span -> rendered.text().substring(span.start(), span.end())))
                .containsExactly("One two<|im_end|>", "<|im_end|>");
    }

    @Test
    void givenSeveralImagesAndNoneThenEachHasItsTokens() {
        try (ChatProcessor processor = model.processor()) {
            EncodedSample two = processor.encode(
                    conversation(turn(Speaker.User, "<image>", "or", "<image>"), turn(Speaker.Assistant, "a")));
            assertThat(two.images()).hasSize(2).allMatch(image -> image.pieces() == 7);
            assertThat(Arrays.stream(two.inputIds()).filter(id -> id == 467)).hasSize(2 * 7 * 4);
            assertThat(Arrays.stream(two.inputIds()).filter(id -> id == 465)).hasSize(2);
            EncodedSample none = processor.encode(conversation(turn(Speaker.User, "?"), turn(Speaker.Assistant, "!")));
            assertThat(none.images()).isEmpty();
            assertThat(none.inputIds()).doesNotContain(467);
            assertThatThrownBy(() -> processor.encode(
                            conversation(turn(Speaker.User, "a <IMG_CONTEXT>"), turn(Speaker.Assistant, "x"))))
                    .hasMessageContaining("the model's own image token");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '\u0001', textBlock = """
            preprocessor_config.json; {"image_processor_type": "CLIPImageProcessor"}; image_processor_type: "CLIPImageProcessor" is not supported; supported: GotOcr2ImageProcessor
            preprocessor_config.json; {"do_resize": false}; do_resize: false is not supported; supported: true
            preprocessor_config.json; {"size": {"width": 28}}; size: {"height":56,"width":28} is not supported; supported: equal height and width
            preprocessor_config.json; {"size": {"height": 28, "width": 28}}; size: {"height":28,"width":28}: the vision tower takes 56 x 56 pixels
            preprocessor_config.json; {"max_patches": 0}; max_patches: 0 is not supported
            processor_config.json; {"image_seq_length": 256}; image_seq_length: 256: the model makes 4 features of a tile
            config.json; {"image_token_id": 3}; image_token_id: 3: the tokenizer's <IMG_CONTEXT> is 467
            tokenizer_config.json; {"start_image_token": "<pic>"}; tokenizer.json has no token <pic>
            chat_template.json; {"chat_template": "{{ messages }}"}; is not the chat template of InternVL
            """)
    void givenWhatIsNotSupportedWhenOpenedThenFileAndFieldAreNamed(String file, String change, String problem) {
        model.merge(file, change);
        assertThatThrownBy(model::processor)
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ModelUnsupported))
                .hasMessageContaining(problem);
    }
}
