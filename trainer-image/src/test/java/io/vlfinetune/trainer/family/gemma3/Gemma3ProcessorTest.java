package io.vlfinetune.trainer.family.gemma3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.SampleLocation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.testing.EditedFixture;
import io.vlfinetune.trainer.testing.Pictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Gemma3ProcessorTest {
    @TempDir
    private Path folder;

    private EditedFixture model;

    @BeforeEach
    void copyModel() {
        model = EditedFixture.copy("gemma3", folder);
    }

    /** Digests of {@code pixel_values} are those of transformers 5.23 with Pillow 11.3. */
    @ParameterizedTest(name = "{0} x {1}")
    @CsvSource({
        "1,    1,    0e9e56a1ef627595",
        "4000, 1,    5b19d162c3e1a699",
        "1,    4000, c3ef087825159f44",
        "3,    3,    2593acdba05100a1",
        "3,    50,   dc2f31e7cb163d55",
        "65,   64,   39b2d5eb795c908a",
        "200,  100,  064d4a0828369de3",
        "70,   300,  07a832f0c7b0ebda",
    })
    void givenAnImageOfAnySizeThenPixelsAreThoseOfTransformers(int width, int height, String digest) {
        Pixels pixels = Gemma3Images.open(folder, 56).process(Pictures.of(width, height));
        assertThat(pixels.shape()).containsExactly(1, 3, 56, 56);
        assertThat(Pictures.digest(pixels)).isEqualTo(digest);
    }

    /** Ids are those of transformers' {@code apply_chat_template(tokenize=True)}. */
    @Test
    void givenTwoImagesThenIdsAreThoseOfTransformersAndBeginOnce() {
        Pictures.write(folder.resolve("small.png"), 30, 30);
        Pictures.write(folder.resolve("wide.png"), 200, 100);
        EncodedSample sample = encode(conversation(
                new Turn(
                        Speaker.User,
                        List.of(new Content.Image("small.png"), new Content.Text("a"), new Content.Image("wide.png"))),
                turn(Speaker.Assistant, "b")));
        assertThat(sample.inputIds())
                .containsExactly(
                        2, 532, 473, 14, 14, 14, 534, 536, 536, 536, 536, 535, 14, 14, 277, 14, 14, 534, 536, 536, 536,
                        536, 535, 14, 14, 533, 14, 532, 461, 452, 14, 278, 533, 14);
        assertThat(Arrays.stream(sample.labels()).filter(label -> label >= 0)).containsExactly(278, 533);
        assertThat(sample.images()).hasSize(2);
    }

    @Test
    void givenASystemPromptAndSeveralTurnsThenItGoesBeforeTheFirstQuestion() {
        var rendered = new Gemma3ChatTemplate("<bos>")
                .render(conversation(
                        turn(Speaker.System, " Be brief. "),
                        turn(Speaker.User, "\u00a0What? ", " Now "),
                        turn(Speaker.Assistant, " One\n"),
                        turn(Speaker.User, "Sure?"),
                        turn(Speaker.Assistant, "Yes.")));
        assertThat(rendered.text()).isEqualTo("""
                        <bos><start_of_turn>user
                         Be brief.\s

                        What?Now<end_of_turn>
                        <start_of_turn>model
                        One<end_of_turn>
                        <start_of_turn>user
                        Sure?<end_of_turn>
                        <start_of_turn>model
                        Yes.<end_of_turn>
                        """);
        assertThat(rendered.trained().stream().map(span -> rendered.text().substring(span.start(), span.end())))
                .containsExactly("One<end_of_turn>", "Yes.<end_of_turn>");
        assertThat(new Gemma3ChatTemplate("<bos>")
                        .render(conversation(
                                new Turn(Speaker.System, List.of()),
                                turn(Speaker.User, "a"),
                                turn(Speaker.Assistant, "b")))
                        .text())
                .startsWith("<bos><start_of_turn>user\n\n\na<end_of_turn>");
    }

    @Test
    void givenTextAloneThenThereIsNoImage() {
        EncodedSample sample = encode(conversation(turn(Speaker.User, "odd"), turn(Speaker.Assistant, "even")));
        assertThat(sample.images()).isEmpty();
        assertThat(sample.inputIds()).startsWith(2, 532).doesNotContain(534, 535, 536);
    }

    @Test
    void givenAConversationThatTheTemplateHasNoPlaceForThenTheSampleIsRefused() {
        refusedSample(
                "user and assistant in turn, the user first, but turn 1 is of the assistant",
                turn(Speaker.Assistant, "a"));
        refusedSample(
                "turn 2 is of the user",
                turn(Speaker.User, "a"),
                turn(Speaker.User, "b"),
                turn(Speaker.Assistant, "c"));
        refusedSample(
                "a system prompt of one part, but this one has 2; join them",
                turn(Speaker.System, "a", "b"),
                turn(Speaker.User, "c"),
                turn(Speaker.Assistant, "d"));
        refusedSample(
                "the text contains the model's own <start_of_image>",
                turn(Speaker.User, "a <start_of_image> b"),
                turn(Speaker.Assistant, "c"));
        refusedSample(
                "the text contains the model's own image token",
                turn(Speaker.User, "a <image_soft_token> b"),
                turn(Speaker.Assistant, "c"));
    }

    private void refusedSample(String problem, Turn... turns) {
        assertThatThrownBy(() -> encode(conversation(turns)))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessageStartingWith("train.jsonl:17: ")
                .hasMessageContaining(problem);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '\u0001',
            value = {
                "preprocessor_config.json; {\"image_processor_type\": \"SiglipImageProcessor\"};"
                        + " image_processor_type: \"SiglipImageProcessor\" is not supported",
                "preprocessor_config.json; {\"do_pan_and_scan\": true}; do_pan_and_scan: true is not supported",
                "preprocessor_config.json; {\"do_resize\": false}; do_resize: false is not supported",
                "preprocessor_config.json; {\"size\": {\"height\": 28}}; height and width 56",
                "processor_config.json; {\"image_seq_length\": 256}; mm_tokens_per_image of config.json is 4",
                "processor_config.json; {\"images_kwargs\": {\"do_pan_and_scan\": true}};"
                        + " images_kwargs.do_pan_and_scan: true",
                "tokenizer_config.json; {\"boi_token\": \"<boi>\"}; boi_token: \"<boi>\"",
                "tokenizer_config.json; {\"chat_template\": \"{{ messages }}\"}; chat_template",
                "chat_template.json; {\"chat_template\": \"{{ messages }}\"}; is not the chat template of Gemma 3",
                "config.json; {\"image_token_index\": 3}; image_token_index: 3: the tokenizer's <image_soft_token> is 536",
            })
    void givenAFolderThatContradictsItselfThenFileAndFieldAreNamed(String file, String more, String problem)
            throws IOException {
        if (file.equals("tokenizer_config.json")) {
            Files.delete(folder.resolve("chat_template.json"));
        }
        model.merged(file, more);
        assertThatThrownBy(() -> open().close())
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ModelUnsupported))
                .hasMessageContaining(file)
                .hasMessageContaining(problem);
    }

    private ChatProcessor open() {
        return Gemma3Processor.open(folder, MediaRoot.open(folder), 4096);
    }

    private EncodedSample encode(Conversation conversation) {
        try (ChatProcessor processor = open()) {
            return processor.encode(conversation);
        }
    }

    private static Conversation conversation(Turn... turns) {
        return new Conversation(SampleLocation.ofLine("train.jsonl", 17), List.of(turns));
    }

    private static Turn turn(Speaker speaker, String... texts) {
        return new Turn(
                speaker,
                Arrays.stream(texts)
                        .map(text -> (Content) new Content.Text(text))
                        .toList());
    }
}
