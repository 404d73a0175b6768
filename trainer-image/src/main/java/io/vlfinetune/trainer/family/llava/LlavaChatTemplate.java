package io.vlfinetune.trainer.family.llava;

import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.processor.ChatTemplate;
import io.vlfinetune.trainer.processor.ChatText;
import io.vlfinetune.trainer.processor.RenderedText;
import io.vlfinetune.trainer.processor.TemplateFile;
import java.nio.file.Path;
import java.util.List;

/**
 * The conversation format of LLaVA-1.5: {@code USER: <image>\nquestion ASSISTANT: answer</s>USER: …}. Images stand
 * before the text of their turn. It equals the chat template of the llava-hf checkpoints, with the end token after every
 * answer, which LLaVA itself trains on (its {@code conversation.py}, {@code SeparatorStyle.TWO}) and the template leaves
 * to generation.
 *
 * @param image the mark of one image
 * @param end the token that ends an answer
 */
public record LlavaChatTemplate(String image, String end) implements ChatTemplate {
    private static final String FAMILY = "LLaVA-1.5 (USER: <image>\\n… ASSISTANT: …)";

    /** The template of llava-hf/llava-1.5-7b-hf and llava-hf/llava-v1.6-vicuna-7b-hf, without generation tags. */
    public static final String PUBLISHED = """
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
            List<String> words = TurnText.words(turn);
            if (turn.speaker() == Speaker.User) {
                text.add("USER: ");
            }
            if (turn.speaker() == Speaker.Assistant) {
                text.add("ASSISTANT:").answer(" " + String.join(" ", words) + end);
                continue;
            }
            for (int i = 0; i < turn.imageCount(); i++) {
                text.image(image).add("\n");
            }
            words.forEach(word -> text.add(word + " "));
        }
        return text.done();
    }
}
