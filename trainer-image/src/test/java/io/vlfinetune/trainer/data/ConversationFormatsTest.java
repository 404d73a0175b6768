package io.vlfinetune.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.api.DataFormat;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConversationFormatsTest {
    private static final List<Turn> EXPECTED = List.of(
            new Turn(Speaker.User, List.of(new Content.Image("a.png").asMark(), new Content.Text("\nWhat is it?"))),
            new Turn(Speaker.Assistant, List.of(new Content.Text("A cat."))));

    @Test
    void givenOpenAiMessagesWithMarksWhenReadThenImagesStandInPlaceOfMarks() {
        String json = """
                {"messages": [{"role": "user", "content": "<image>\\nWhat is it?"},
                 {"role": "assistant", "content": "A cat."}], "images": ["a.png"]}""";
        assertThat(read(DataFormat.Messages, json).turns()).isEqualTo(EXPECTED);
        assertThat(read(DataFormat.Auto, json).turns()).isEqualTo(EXPECTED);
        assertThat(read(DataFormat.ShareGPT, json).turns()).isEqualTo(EXPECTED);
    }

    @Test
    void givenOpenAiPartsWhenReadThenEveryKindOfImagePartIsTaken() {
        Conversation conversation = read(DataFormat.Messages, """
                {"messages": [
                 {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
                 {"role": "user", "content": [
                   {"type": "image"}, {"type": "image", "image": "b.png"}, {"type": "text", "text": "and <image> or"},
                   {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                   {"type": "image_url", "image_url": "e.png"}, {"type": "image", "url": "f.png"}]},
                 {"role": "assistant", "content": [{"type": "text", "text": "Six."}]}],
                 "images": ["a.png", "c.png"]}""");
        assertThat(conversation.images().stream().map(Content.Image::reference))
                .containsExactly("a.png", "b.png", "c.png", "data:image/png;base64,AA==", "e.png", "f.png");
        assertThat(conversation.turns().get(0).speaker()).isEqualTo(Speaker.System);
        assertThat(conversation.turns().get(1).imageCount()).isEqualTo(6);
        assertThat(conversation.turns().get(1).content().get(2)).isEqualTo(new Content.Text("and "));
    }

    @ParameterizedTest
    @CsvSource({"ShareGPT,images,'[\"a.png\"]'", "ShareGPT,image,'\"a.png\"'", "LLaVA,image,'\"a.png\"'"})
    void givenADialogueWhenReadThenHumanAndGptAreUserAndAssistant(DataFormat format, String key, String images) {
        String json = """
                {"conversations": [{"from": "human", "value": "<image>\\nWhat is it?"},
                 {"from": "gpt", "value": "A cat."}], "%s": %s}""".formatted(key, images);
        assertThat(read(format, json).turns()).isEqualTo(EXPECTED);
        assertThat(read(DataFormat.Auto, json).turns()).isEqualTo(EXPECTED);
    }

    @Test
    void givenAShareGptSystemTextAndNoImageWhenReadThenItIsTheFirstTurn() {
        Conversation conversation = read(DataFormat.Auto, """
                {"system": "Be brief.", "conversations": [{"from": "human", "value": "Hi"},
                 {"from": "gpt", "value": "Hello"}, {"from": "human", "value": "Bye"}, {"from": "gpt", "value": "Bye"}]}""");
        assertThat(conversation.turns().stream().map(Turn::speaker))
                .containsExactly(Speaker.System, Speaker.User, Speaker.Assistant, Speaker.User, Speaker.Assistant);
        assertThat(conversation.images()).isEmpty();
    }

    /** The shape of data/mllm_demo.json of LLaMA-Factory, whose data/README.md calls it ShareGPT. */
    @Test
    void givenLlamaFactorysDemoShapeWhenReadThenSeveralTurnsAndImagesAreTaken() {
        String json = """
                {"messages": [
                  {"content": "<image>Who are they?", "role": "user"},
                  {"content": "Two players.", "role": "assistant"},
                  {"content": "And here?<image>", "role": "user"},
                  {"content": "The same.", "role": "assistant"}],
                 "images": ["demo/1.jpg", "demo/2.jpg"], "videos": [], "audios": null, "tools": "", "system": "Be brief."}""";
        Conversation conversation = read(DataFormat.ShareGPT, json);
        assertThat(read(DataFormat.Auto, json)).isEqualTo(conversation);
        assertThat(conversation.turns().stream().map(Turn::speaker))
                .containsExactly(Speaker.System, Speaker.User, Speaker.Assistant, Speaker.User, Speaker.Assistant);
        assertThat(conversation.turns().get(3).content())
                .containsExactly(new Content.Text("And here?"), new Content.Image("demo/2.jpg").asMark());
    }

    @Test
    void givenHuggingFaceObjectsAsImagesWhenReadThenTheirPathsAreTaken() {
        Conversation conversation = read(DataFormat.Auto, """
                {"messages": [{"role": "user", "content": [{"type": "image", "index": 0, "text": null},
                 {"type": "image", "image": {"bytes": null, "path": "b.png"}}, {"type": "text", "text": "?"}]},
                 {"role": "assistant", "content": "!"}], "images": [{"bytes": null, "path": "a.png"}]}""");
        assertThat(conversation.images()).containsExactly(new Content.Image("a.png"), new Content.Image("b.png"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            Auto     | {"text": "x"}                                    | cannot tell the format: found the keys text
            Auto     | {}                                               | cannot tell the format: found no keys
            Messages | {"conversations": []}                            | `messages` is missing; found the keys conversations
            Messages | {"messages": "x"}                                | `messages` must be an array, not string
            Messages | {"messages": ["x"]}                              | `messages[0]` must be an object, not string
            Messages | {"messages": [{"content": "x"}]}                 | `messages[0].role` is missing
            Messages | {"messages": [{"role": "user"}]}                 | `messages[0].content` is missing
            Messages | {"messages": [{"role": "user", "content": 3}]}   | `messages[0].content` must be a string or an array of parts, not number
            Messages | {"messages": [{"role": "tool", "content": "x"}]} | `messages[0].role` is "tool"; known roles are system, user, assistant
            Messages | {"messages": [{"role": "user", "content": [{"type": "audio"}]}]} | `messages[0].content[0].type` is "audio"; known types are text, image, image_url
            Messages | {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]} | `messages[0].content[0].image_url` must be a string or an object
            Messages | {"messages": [{"role": "user", "content": "x"}]} | no turn of the assistant
            Messages | {"messages": []}                                 | no turn of the assistant
            Messages | {"messages": [{"role": "user", "content": "<image><image>"}, {"role": "assistant", "content": "y"}], "images": ["a.png"]} | 2 <image> marks but 1 image; give as many images as marks
            Messages | {"messages": [{"role": "user", "content": "<image>"}, {"role": "assistant", "content": "y"}], "images": ["a.png", "b.png"]} | 1 <image> mark but 2 images; give as many images as marks
            Messages | {"messages": [{"role": "user", "content": [{"type": "image", "image": "a"}, {"type": "text", "text": "<image>"}]}, {"role": "assistant", "content": "y"}]} | 1 <image> mark but 0 images
            Messages | {"messages": [{"role": "assistant", "content": "<image>"}], "images": "a.png"} | an image in a turn of the assistant; put images into turns of the user
            Messages | {"messages": [{"role": "assistant", "content": "y"}, {"role": "system", "content": "x"}]} | a system turn after the first turn
            Messages | {"messages": [{"role": "assistant", "content": "y"}], "images": "a", "image": "a"} | both `images` and `image` are given
            Messages | {"messages": [{"role": "assistant", "content": "y"}], "images": [3]} | `images[0]` must be a path, a data: URI, or an object with `bytes` or `path`, not number
            Messages | {"messages": [{"role": "assistant", "content": "y"}], "images": 3} | `images` must be a path, a data: URI, or an object with `bytes` or `path`, not number
            Messages | {"messages": [], "videos": ["a.mp4"]}            | `videos` is given, but only text and images are read; leave such samples out
            ShareGPT | {"conversations": [], "tools": "[{}]"}           | `tools` is given, but only text and images are read
            Messages | {"messages": [{"role": "assistant", "content": "y", "weight": 0}]} | `messages[0].weight` is 0; every answer is trained on
            Messages | {"messages": [{"role": "assistant", "content": "", "tool_calls": [{}]}]} | `messages[0].tool_calls` is given, but only text and images are read
            Messages | {"system": "a", "messages": [{"role": "system", "content": "b"}, {"role": "assistant", "content": "y"}]} | a system turn after the first turn; give one, and put it first
            Messages | {"messages": [], "images": [{"path": null}]}     | `images[0]` has neither `bytes` nor a `path`
            Messages | {"messages": [], "images": [{"bytes": "AA=="}]}  | `images[0].bytes` must be binary (JSON has no such thing: give a data: URI instead), not string
            ShareGPT | {"conversations": [{"from": "bot", "value": "x"}]} | `conversations[0].from` is "bot"; known roles are system, human, gpt
            ShareGPT | {"conversations": [{"value": "x"}]}              | `conversations[0].from` is missing
            LLaVA    | {"conversations": [{"from": "human"}]}           | `conversations[0].value` is missing
            LLaVA    | {"messages": []}                                 | `conversations` is missing
            LLaVA    | {"conversations": [], "images": ["a.png"]}       | `images` is given, but format LLaVA has `image`; use format ShareGPT
            """)
    void givenABadSampleWhenReadThenTheMessageHasPlaceAndCure(DataFormat format, String json, String problem) {
        assertThatThrownBy(() -> read(format, json))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessageStartingWith("train.jsonl:17: " + problem);
    }

    private static Conversation read(DataFormat format, String json) {
        SampleFields sample = SampleJson.parse(
                json.getBytes(java.nio.charset.StandardCharsets.UTF_8), SampleLocation.ofLine("train.jsonl", 17));
        return ConversationReader.of(format, sample).read(sample);
    }
}
