package io.vlfinetune.trainer.family.llavanext;

import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.family.llava.TurnText;
import io.vlfinetune.trainer.processor.ChatTemplate;
import io.vlfinetune.trainer.processor.ChatText;
import io.vlfinetune.trainer.processor.RenderedText;
import java.util.List;
import java.util.Locale;

/**
 * The conversation format of LLaVA-NeXT with Mistral: {@code [INST] <image>\nquestion [/INST] answer</s> }. Images stand
 * before the text of their turn.
 *
 * @param image the mark of one image
 */
record MistralTemplate(String image) implements ChatTemplate {
    private static final String TURNS = """
            {% for message in messages %}{% if message['role'] == 'system' %}\
            {{ '<<SYS>>\\n' + message['content'][0]['text'] + '\\n<</SYS>>\\n\\n' }}\
            {% elif message['role'] == 'user' %}{{ '[INST] ' }}\
            {% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}\
            {% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] }}{% endfor %}\
            {{ ' [/INST]' }}{% elif message['role'] == 'assistant' %}\
            {{ ' ' + message['content'][0]['text'] + '</s> ' }}""";

    /** The template of llava-hf/llava-v1.6-mistral-7b-hf, then the same with a message that names the role. */
    static final List<String> KNOWN = List.of(
            TURNS
                    + "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}",
            TURNS + "{% else %}{{ raise_exception('unknown role: ' + message['role']) }}{% endif %}{% endfor %}");

    @Override
    public RenderedText render(Conversation conversation) {
        ChatText text = new ChatText();
        for (Turn turn : conversation.turns()) {
            switch (turn.speaker()) {
                case System -> text.add("<<SYS>>\n" + onlyText(turn, conversation) + "\n<</SYS>>\n\n");
                case User -> user(turn, text);
                case Assistant ->
                    text.answer(" " + onlyText(turn, conversation) + "</s>").add(" ");
            }
        }
        return text.done();
    }

    private void user(Turn turn, ChatText text) {
        text.add("[INST] ");
        for (int i = 0; i < turn.imageCount(); i++) {
            text.image(image).add("\n");
        }
        // Texts around a mark were one text, whose blanks went with the mark.
        boolean marked = turn.content().stream()
                .anyMatch(one -> one instanceof Content.Image(String _, var _, boolean mark) && mark);
        text.add(String.join(marked ? " " : "", TurnText.words(turn))).add(" [/INST]");
    }

    /** The template writes the first text of these turns and would drop the others without a word. */
    private static String onlyText(Turn turn, Conversation conversation) {
        List<String> words = TurnText.words(turn);
        if (words.size() > 1) {
            throw conversation
                    .location()
                    .invalid("a turn of the %s has %d texts, but the model's chat template writes only one; join them"
                            .formatted(turn.speaker().name().toLowerCase(Locale.ROOT), words.size()));
        }
        return String.join("", words);
    }
}
