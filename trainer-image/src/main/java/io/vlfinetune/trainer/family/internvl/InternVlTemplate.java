package io.vlfinetune.trainer.family.internvl;

import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.processor.ChatTemplate;
import io.vlfinetune.trainer.processor.ChatText;
import io.vlfinetune.trainer.processor.RenderedText;
import io.vlfinetune.trainer.processor.TemplateFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * InternVL's conversation format: {@code <|im_start|>user\n<IMG_CONTEXT>\nquestion<|im_end|>\n…}. Images stand where they
 * are shown, each on a line of its own.
 *
 * @param image the mark of one image
 */
record InternVlTemplate(String image) implements ChatTemplate {
    /** What ends a turn, and an answer. */
    static final String END = "<|im_end|>";

    private static final String FAMILY = "InternVL (<|im_start|>user\\n<IMG_CONTEXT>\\n…<|im_end|>)";

    /** The template of OpenGVLab/InternVL3-1B-hf. */
    private static final String PUBLISHED = """
            {% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n'}}\
            {% if message['content'] is string %}{{ message['content'] }}{% else %}\
            {% for content in message['content'] %}{% if content['type'] == 'image' %}{{ '<IMG_CONTEXT>\\n' }}\
            {% elif content['type'] == 'video' %}{{ '<video>\\n' }}\
            {% elif content['type'] == 'text' %}{{ content['text'] }}{% endif %}{% endfor %}{% endif %}\
            {{'<|im_end|>\\n'}}{% endfor %}{% if add_generation_prompt %}{{'<|im_start|>assistant\\n' }}{% endif %}""";

    /** Refuses a folder whose chat template is another one. */
    static void requireIn(Path folder) {
        TemplateFile.requireKnown(folder, List.of(PUBLISHED), FAMILY);
    }

    @Override
    public RenderedText render(Conversation conversation) {
        ChatText text = new ChatText();
        for (Turn turn : conversation.turns()) {
            text.add("<|im_start|>" + turn.speaker().name().toLowerCase(Locale.ROOT) + "\n");
            if (turn.speaker() == Speaker.Assistant) {
                text.answer(words(turn) + END);
            } else {
                content(turn, text);
                text.add(END);
            }
            text.add("\n");
        }
        return text.done();
    }

    private static String words(Turn turn) {
        StringBuilder words = new StringBuilder();
        for (Content content : turn.content()) {
            if (content instanceof Content.Text(String text)) {
                words.append(text);
            }
        }
        return words.toString();
    }

    private void content(Turn turn, ChatText text) {
        boolean afterMark = false;
        for (Content content : turn.content()) {
            switch (content) {
                case Content.Image(String _, var _, boolean marked) -> {
                    text.image(image).add("\n");
                    afterMark = marked;
                }
                case Content.Text(String words) -> {
                    // The line break after a mark in a text is the template's own.
                    text.add(afterMark && words.startsWith("\n") ? words.substring(1) : words);
                    afterMark = false;
                }
            }
        }
    }
}
