package io.vlfinetune.trainer.family.qwen;

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
 * Qwen's conversation format: {@code <|im_start|>role\n…<|im_end|>\n}, images where they stand among the words. An answer
 * and its {@code <|im_end|>} carry loss, the line break after it does not.
 *
 * @param opening what comes before a conversation that begins without instructions
 */
public record QwenChatTemplate(String opening) implements ChatTemplate {
    /** What stands for an image until its size is known, and then once for each of its features. */
    static final String IMAGE = "<|image_pad|>";

    private static final String END = "<|im_end|>";

    /**
     * Refuses a folder whose chat template is another one.
     *
     * @param known Jinja texts of the family's published checkpoints
     * @param family its name, for the message
     */
    public static void requireIn(Path folder, List<String> known, String family) {
        TemplateFile.requireKnown(folder, known, family + " (<|im_start|>user\\n…<|im_end|>\\n)");
    }

    @Override
    public RenderedText render(Conversation conversation) {
        ChatText text = new ChatText();
        if (conversation.turns().getFirst().speaker() != Speaker.System) {
            text.add(opening);
        }
        for (Turn turn : conversation.turns()) {
            text.add("<|im_start|>" + turn.speaker().name().toLowerCase(Locale.ROOT) + "\n");
            if (turn.speaker() == Speaker.Assistant) {
                text.answer(words(turn) + END);
            } else {
                turn.content().forEach(content -> add(content, text));
                text.add(END);
            }
            text.add("\n");
        }
        return text.done();
    }

    private static void add(Content content, ChatText text) {
        switch (content) {
            case Content.Text(String words) -> text.add(words);
            case Content.Image(String _, var _, boolean _) ->
                text.add("<|vision_start|>").image(IMAGE).add("<|vision_end|>");
        }
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
}
