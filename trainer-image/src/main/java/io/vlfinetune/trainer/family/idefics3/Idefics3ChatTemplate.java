package io.vlfinetune.trainer.family.idefics3;

import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.processor.ChatTemplate;
import io.vlfinetune.trainer.processor.ChatText;
import io.vlfinetune.trainer.processor.RenderedText;
import io.vlfinetune.trainer.processor.TemplateFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The conversation format of Idefics3 and SmolVLM: {@code <|im_start|>User:<image>question<end_of_utterance>\n
 * Assistant: answer<end_of_utterance>\n…}. Images stand where they are in their turn; the blank after the colon is left
 * out before an image.
 *
 * @param beginning what a conversation begins with
 */
record Idefics3ChatTemplate(String beginning) implements ChatTemplate {
    /** Of SmolVLM. */
    static final String IM_START = "<|im_start|>";

    /** Of Idefics3-8B-Llama3. */
    static final String BEGIN_OF_TEXT = "<|begin_of_text|>";

    /** The mark of an image, and the token of a feature. */
    static final String IMAGE = "<image>";

    /** What ends a turn. */
    static final String END = "<end_of_utterance>";

    private static final String FAMILY = "Idefics3 and SmolVLM (User:<image>… Assistant: …<end_of_utterance>)";

    private static final String PUBLISHED = """
            {% for message in messages %}{{message['role'] | capitalize}}\
            {% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}\
            {% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}\
            {% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>
            {% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}""";

    /** The template of a folder; SmolVLM's if the folder has none. Refuses any other. */
    static Idefics3ChatTemplate in(Path folder) {
        List<String> known = new ArrayList<>();
        for (String beginning : List.of(IM_START, BEGIN_OF_TEXT)) {
            for (String body : bodies()) {
                known.add(beginning + body);
            }
        }
        TemplateFile.requireKnown(folder, known, FAMILY);
        String found = TemplateFile.find(folder).map(TemplateFile::text).orElse(IM_START);
        return new Idefics3ChatTemplate(found.strip().startsWith(BEGIN_OF_TEXT) ? BEGIN_OF_TEXT : IM_START);
    }

    /** Published spellings; SmolVLM2's also knows videos, which the data formats do not. */
    private static List<String> bodies() {
        String video = PUBLISHED.replace(
                "{{ '<image>' }}{% endif %}",
                "{{ '<image>' }}{% elif line['type'] == 'video' %}{{ '<video>' }}{% endif %}");
        return List.of(
                PUBLISHED,
                video,
                PUBLISHED.replace(" | capitalize", ".capitalize()"),
                video.replace(" | capitalize", ".capitalize()"));
    }

    @Override
    public RenderedText render(Conversation conversation) {
        ChatText text = new ChatText().add(beginning);
        for (Turn turn : conversation.turns()) {
            if (turn.speaker() == Speaker.Assistant) {
                text.add("Assistant:").answer(" " + words(turn) + END).add("\n");
                continue;
            }
            boolean imageFirst = !turn.content().isEmpty() && turn.content().getFirst() instanceof Content.Image;
            text.add(turn.speaker() == Speaker.System ? "System:" : "User:").add(imageFirst ? "" : " ");
            for (Content content : turn.content()) {
                switch (content) {
                    case Content.Text(String words) -> text.add(words);
                    case Content.Image _ -> text.image(IMAGE);
                }
            }
            text.add(END).add("\n");
        }
        return text.done();
    }

    /** An answer's words; images stand in user turns alone. */
    private static String words(Turn turn) {
        StringBuilder words = new StringBuilder();
        for (Content content : turn.content()) {
            if (content instanceof Content.Text(String text)) {
                words.append(text);
            }
        }
        return words.toString();
    }
}
