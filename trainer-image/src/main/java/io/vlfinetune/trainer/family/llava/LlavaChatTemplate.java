package io.vlfinetune.trainer.family.llava;

import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.processor.ChatTemplate;
import io.vlfinetune.trainer.processor.ChatText;
import io.vlfinetune.trainer.processor.RenderedText;
import io.vlfinetune.trainer.processor.TemplateFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The conversation format of LLaVA-1.5: {@code USER: <image>\nquestion ASSISTANT: answer</s>USER: …}. Images stand
 * before the text of their turn. It equals the chat template of the llava-hf checkpoints, with the end token after every
 * answer, which LLaVA itself trains on (its {@code conversation.py}, {@code SeparatorStyle.TWO}) and the template leaves
 * to generation.
 *
 * @param image the mark of one image
 * @param end the token that ends an answer
 */
record LlavaChatTemplate(String image, String end) implements ChatTemplate {
    private static final String FAMILY = "LLaVA-1.5 (USER: <image>\\n… ASSISTANT: …)";

    /** The template of llava-hf/llava-1.5-7b-hf, without generation tags. */
    private static final String PUBLISHED = """
            {% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() + ': '}}{% endif %}\
            {% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}\
            {% if message['role'] != 'assistant' %}\
            {% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] + ' '}}\
            {% endfor %}{% else %}\
            {% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] + ' '}}\
            {% endfor %}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}""";

    /** Refuses a folder whose chat template is another one. */
    static void requireIn(Path folder) {
        TemplateFile.requireKnown(folder, List.of(PUBLISHED), FAMILY);
    }

    @Override
    public RenderedText render(Conversation conversation) {
        ChatText text = new ChatText();
        for (Turn turn : conversation.turns()) {
            switch (turn.speaker()) {
                case System -> text.add(words(turn)).add(" ");
                case User -> {
                    text.add("USER: ");
                    for (int i = 0; i < turn.imageCount(); i++) {
                        text.image(image).add("\n");
                    }
                    String words = words(turn);
                    text.add(words).add(words.isEmpty() ? "" : " ");
                }
                case Assistant -> text.add("ASSISTANT:").answer((" " + words(turn)).replaceFirst(" +$", "") + end);
            }
        }
        return text.done();
    }

    /** The texts of a turn. Blanks beside an image go, because the image moves to the front of the turn. */
    private static String words(Turn turn) {
        List<Content> content = turn.content();
        var words = new ArrayList<String>();
        for (int i = 0; i < content.size(); i++) {
            if (content.get(i) instanceof Content.Text(String text)) {
                String left = isImage(content, i - 1) ? text.stripLeading() : text;
                words.add(isImage(content, i + 1) ? left.stripTrailing() : left);
            }
        }
        return words.stream().filter(word -> !word.isEmpty()).collect(Collectors.joining(" "));
    }

    private static boolean isImage(List<Content> content, int index) {
        return index >= 0 && index < content.size() && content.get(index) instanceof Content.Image;
    }
}
