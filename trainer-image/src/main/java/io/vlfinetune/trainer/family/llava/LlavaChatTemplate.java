package io.vlfinetune.trainer.family.llava;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.RenderedText;
import io.vlfinetune.trainer.data.Turn;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The conversation format of LLaVA-1.5: {@code USER: <image>\nquestion ASSISTANT: answer</s>USER: …}. Images stand
 * before the text of their turn. It equals the chat template of the llava-hf checkpoints, with the end token after every
 * answer, which LLaVA itself trains on (its {@code conversation.py}, {@code SeparatorStyle.TWO}) and the template leaves
 * to generation.
 *
 * @param image what stands in place of one image
 * @param end the token that ends an answer
 */
record LlavaChatTemplate(String image, String end) {
    /** The template of llava-hf/llava-1.5-7b-hf, normalised: without comments, generation tags, and blanks in tags. */
    private static final String SUPPORTED = JinjaText.normalise("""
            {% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() + ': '}}{% endif %}\
            {% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}\
            {% if message['role'] != 'assistant' %}\
            {% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] + ' '}}\
            {% endfor %}{% else %}\
            {% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] + ' '}}\
            {% endfor %}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}""");

    /**
     * Checks that a checkpoint's chat template is the one this class writes.
     *
     * @param template Jinja text
     * @param where the file and field it was read from
     * @throws TrainerException ModelUnsupported when it is another one
     */
    static void requireSupported(String template, String where) {
        if (!JinjaText.normalise(template).equals(SUPPORTED)) {
            throw new TrainerException(
                    Reason.ModelUnsupported,
                    where + " is not the chat template of LLaVA-1.5 (USER: <image>\\n… ASSISTANT: …); "
                            + "other templates are not supported, remove it to train with LLaVA-1.5's");
        }
    }

    /** The text of a whole conversation; answers and their end tokens carry loss. */
    RenderedText render(Conversation conversation) {
        var text = new StringBuilder();
        var trained = new ArrayList<RenderedText.Span>();
        for (Turn turn : conversation.turns()) {
            switch (turn.speaker()) {
                case System -> text.append(words(turn)).append(' ');
                case User -> {
                    text.append("USER: ").append((image + "\n").repeat(turn.imageCount()));
                    String words = words(turn);
                    text.append(words).append(words.isEmpty() ? "" : " ");
                }
                case Assistant -> {
                    text.append("ASSISTANT:");
                    int start = text.length();
                    text.append((" " + words(turn)).replaceFirst(" +$", "")).append(end);
                    trained.add(new RenderedText.Span(start, text.length()));
                }
            }
        }
        return new RenderedText(text.toString(), trained);
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
