package io.vlfinetune.trainer.family.llava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.DataFormat;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.DataFile;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Fixtures;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.SampleLocation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.processor.ChatProcessor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LlavaProcessorTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path folder;

    @BeforeEach
    void copyModel() throws IOException {
        for (String name : List.of(
                "config.json",
                "preprocessor_config.json",
                "processor_config.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "chat_template.json",
                "sample.png")) {
            Files.copy(Fixtures.llava().resolve(name), folder.resolve(name));
        }
    }

    @Test
    void givenSeveralTurnsWhenRenderedThenEveryAnswerAndItsEndCarryLoss() {
        Conversation conversation = conversation(
                new Turn(Speaker.System, text("Be brief.")),
                new Turn(Speaker.User, text("\n What? ", "<image>", "\nHm ")),
                new Turn(Speaker.Assistant, text("One ")),
                new Turn(Speaker.User, text("Sure?")),
                new Turn(Speaker.Assistant, text("Yes.")));
        var rendered = new LlavaChatTemplate("<image>", "</s>").render(conversation);
        assertThat(rendered.text())
                .isEqualTo("Be brief. USER: <image>\n\n What? Hm  ASSISTANT: One </s>USER: Sure? ASSISTANT: Yes.</s>");
        assertThat(rendered.trained().stream().map(span -> rendered.text().substring(span.start(), span.end())))
                .containsExactly(" One </s>", " Yes.</s>");
    }

    @Test
    void givenSeveralTurnsWhenEncodedThenLabelsAreTheAnswersTokens() {
        Conversation conversation = conversation(
                new Turn(Speaker.User, text("<image>", "Which digit is this?")),
                new Turn(Speaker.Assistant, text("three")),
                new Turn(Speaker.User, text("Is this digit even or odd?")),
                new Turn(Speaker.Assistant, text("odd")));
        EncodedSample sample = open(2048, conversation);
        assertThat(Arrays.stream(sample.labels()).filter(label -> label == 2)).hasSize(2);
        assertThat(sample.labels()[sample.labels().length - 1]).isEqualTo(2);
        for (int i = 0; i < sample.labels().length; i++) {
            assertThat(sample.labels()[i]).isIn(-100, sample.inputIds()[i]);
        }
        assertThat(Arrays.stream(sample.inputIds()).filter(id -> id == 529)).hasSize(16);
    }

    @Test
    void givenNoImageWhenEncodedThenTheSampleIsTextAlone() {
        EncodedSample sample = open(
                2048, conversation(new Turn(Speaker.User, text("odd")), new Turn(Speaker.Assistant, text("even"))));
        assertThat(sample.images()).isEmpty();
        assertThat(sample.inputIds()).doesNotContain(529);
    }

    @Test
    void givenASampleThatIsTooLongWhenEncodedThenLengthAndLimitAreNamed() {
        Conversation conversation = conversation(
                new Turn(Speaker.User, text("<image>", "Which digit is this?")),
                new Turn(Speaker.Assistant, text("It is the digit three.")));
        assertThat(open(33, conversation).inputIds()).hasSize(33);
        assertThatThrownBy(() -> open(32, conversation))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessage("train.jsonl:17: 33 tokens (16 of them for images), but data.maxLength is 32; "
                        + "shorten it or raise data.maxLength");
    }

    @Test
    void givenLlavasOwnFileWhenReadAndEncodedThenItEqualsTheGoldenSample() throws IOException {
        Path file = Files.writeString(folder.resolve("train.json"), """
                [{"id": "1", "image": "sample.png", "conversations": [
                  {"from": "human", "value": "Which digit is this?\\n<image>"},
                  {"from": "gpt", "value": "It is the digit three."}]}]""");
        MediaRoot media = MediaRoot.open(folder);
        int[] golden = JSON.convertValue(
                JSON.readTree(Fixtures.llava().resolve("golden.json").toFile()).get("input_ids"), int[].class);
        try (ChatProcessor processor = LlavaProcessor.open(folder, media, 2048)) {
            Dataset dataset = Dataset.open(List.of(new DataFile(file, DataFormat.LLaVA)), media, processor);
            assertThat(dataset.get(0).inputIds()).isEqualTo(golden);
        }
    }

    @Test
    void givenAnImageTokenOfTheModelInTheTextWhenEncodedThenItIsRefused() {
        Conversation conversation = conversation(
                new Turn(Speaker.User, List.of(new Content.Text("a <image> b"))),
                new Turn(Speaker.Assistant, text("x")));
        assertThatThrownBy(() -> open(2048, conversation)).hasMessageContaining("the model's own image token");
    }

    @Test
    void givenTheTemplateInAnotherLayoutWhenOpenedThenItIsTheSame() throws IOException {
        String template = JSON.readTree(folder.resolve("chat_template.json").toFile())
                .get("chat_template")
                .asText();
        String other = template.replace("{% generation %}", "")
                .replace("{% endgeneration %}", "")
                .replace("{{ '<image>\n' }}", "{{\"<image>\\n\"}}")
                .replace("{# Render all text next #}", "")
                .replace(" + ' '}}", "+' ' }}");
        assertThat(other).isNotEqualTo(template);
        Files.writeString(folder.resolve("chat_template.jinja"), other + "\n");
        LlavaProcessor.open(folder, MediaRoot.open(folder), 10).close();

        Files.writeString(folder.resolve("chat_template.jinja"), template.replace("<image>\n", "<image> "));
        refused("chat_template.jinja is not the chat template of LLaVA-1.5");
    }

    @Test
    void givenAnotherTemplateWhenOpenedThenItIsRefusedAndNoneMeansLlavas() throws IOException {
        edit("tokenizer_config.json", json -> json.remove("chat_template"));
        edit("chat_template.json", json -> json.put("chat_template", "{{ messages }}"));
        refused("chat_template.json: `chat_template` is not the chat template of LLaVA-1.5");
        Files.delete(folder.resolve("chat_template.json"));
        Files.delete(folder.resolve("processor_config.json"));
        LlavaProcessor.open(folder, MediaRoot.open(folder), 10).close();
        edit(
                "tokenizer_config.json",
                json -> json.putArray("chat_template")
                        .addObject()
                        .put("name", "default")
                        .put("template", "{{ messages }}"));
        refused("tokenizer_config.json: `chat_template` is not the chat template of LLaVA-1.5");
    }

    @Test
    void givenAFolderThatContradictsItselfWhenOpenedThenFileAndFieldAreNamed() throws IOException {
        edit("processor_config.json", json -> json.put("patch_size", 16));
        refused("processor_config.json: patch_size: 16: the vision tower's is 14");
        edit("processor_config.json", json -> json.put("patch_size", 14).put("num_additional_image_tokens", 0));
        refused("num_additional_image_tokens: 0: a CLIP vision tower adds 1");
        edit(
                "processor_config.json",
                json -> json.put("num_additional_image_tokens", 1).put("vision_feature_select_strategy", "full"));
        refused("vision_feature_select_strategy: \"full\": config.json has \"default\"");
        edit("config.json", json -> json.put("vision_feature_select_strategy", "cls"));
        refused("vision_feature_select_strategy: \"cls\" is not supported; supported: default, full");
        edit("config.json", json -> json.put("image_token_index", 3));
        refused("config.json: image_token_index: 3: the tokenizer's <image> is 529");
        edit("config.json", json -> json.put("image_token_index", 529));
        edit("preprocessor_config.json", json -> json.put("crop_size", 28));
        refused("preprocessor_config.json makes images of 28 x 28 pixels, but the vision tower takes 56 x 56 pixels");
        edit("tokenizer_config.json", json -> json.put("eos_token", "<end>"));
        refused("tokenizer.json has no token <end>");
        Files.writeString(folder.resolve("config.json"), "{");
        refused("config.json cannot be read");
    }

    @Test
    void givenTheFullStrategyWhenEncodedThenTheClassTokenCountsToo() throws IOException {
        edit("config.json", json -> json.put("vision_feature_select_strategy", "full"));
        Files.delete(folder.resolve("processor_config.json"));
        EncodedSample sample = open(
                2048,
                conversation(new Turn(Speaker.User, text("<image>", "?")), new Turn(Speaker.Assistant, text("!"))));
        assertThat(Arrays.stream(sample.inputIds()).filter(id -> id == 529)).hasSize(17);
    }

    @Test
    void givenAnErrorThatNobodyExpectsWhenEncodedThenItHasTheSamplesPlace() {
        Conversation conversation =
                conversation(new Turn(Speaker.User, text("<image>", "?")), new Turn(Speaker.Assistant, text("!")));
        try (ChatProcessor processor = LlavaProcessor.open(folder, MediaRoot.open(folder), 2048)) {
            ChatProcessor broken = new ChatProcessor(
                    processor.tokenizer(),
                    processor.addsSpecialTokens(),
                    processor.template(),
                    image -> {
                        throw new NegativeArraySizeException("-5");
                    },
                    processor.positions(),
                    processor.imageToken(),
                    processor.media(),
                    2048);
            assertThatThrownBy(() -> broken.encode(conversation))
                    .isInstanceOfSatisfying(
                            TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                    .hasMessageContaining("train.jsonl:17: it cannot be encoded: ")
                    .hasMessageContaining("NegativeArraySizeException: -5");
        }
    }

    private EncodedSample open(int maxLength, Conversation conversation) {
        try (ChatProcessor processor = LlavaProcessor.open(folder, MediaRoot.open(folder), maxLength)) {
            return processor.encode(conversation);
        }
    }

    private void refused(String problem) {
        assertThatThrownBy(() -> LlavaProcessor.open(folder, MediaRoot.open(folder), 10))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ModelUnsupported))
                .hasMessageContaining(problem);
    }

    private void edit(String name, java.util.function.Consumer<ObjectNode> change) throws IOException {
        Path file = folder.resolve(name);
        ObjectNode json = (ObjectNode) JSON.readTree(file.toFile());
        change.accept(json);
        JSON.writeValue(file.toFile(), json);
    }

    private static Conversation conversation(Turn... turns) {
        return new Conversation(SampleLocation.ofLine("train.jsonl", 17), List.of(turns));
    }

    private static List<Content> text(String... parts) {
        return Arrays.stream(parts)
                .map(part -> part.equals("<image>")
                        ? (Content) new Content.Image("sample.png").asMark()
                        : new Content.Text(part))
                .toList();
    }
}
