package io.vlfinetune.trainer.family.gemma3;

import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.processor.ChatTemplate;
import io.vlfinetune.trainer.processor.ChatText;
import io.vlfinetune.trainer.processor.PythonText;
import io.vlfinetune.trainer.processor.RenderedText;
import io.vlfinetune.trainer.processor.TemplateFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The conversation format of Gemma 3: {@code <bos><start_of_turn>user\n<start_of_image>question<end_of_turn>\n
 * <start_of_turn>model\nanswer<end_of_turn>\n…}. A system prompt goes before the first question; every other text loses
 * the white space on both sides.
 *
 * @param beginning the tokenizer's first token, as it is written
 */
record Gemma3ChatTemplate(String beginning) implements ChatTemplate {
    /** The mark of an image. */
    static final String IMAGE = "<start_of_image>";

    private static final String END = "<end_of_turn>";
    private static final String FAMILY = "Gemma 3 (<start_of_turn>user\\n…<end_of_turn>\\n<start_of_turn>model\\n…)";

    /** The template of google/gemma-3-4b-it. */
    private static final String PUBLISHED = """
            {{ bos_token }}
            {%- if messages[0]['role'] == 'system' -%}
                {%- if messages[0]['content'] is string -%}
                    {%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}
                {%- else -%}
                    {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}
                {%- endif -%}
                {%- set loop_messages = messages[1:] -%}
            {%- else -%}
                {%- set first_user_prefix = "" -%}
                {%- set loop_messages = messages -%}
            {%- endif -%}
            {%- for message in loop_messages -%}
                {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
                    {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
                {%- endif -%}
                {%- if (message['role'] == 'assistant') -%}
                    {%- set role = "model" -%}
                {%- else -%}
                    {%- set role = message['role'] -%}
                {%- endif -%}
                {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
                {%- if message['content'] is string -%}
                    {{ message['content'] | trim }}
                {%- elif message['content'] is iterable -%}
                    {%- for item in message['content'] -%}
                        {%- if item['type'] == 'image' -%}
                            {{ '<start_of_image>' }}
                        {%- elif item['type'] == 'text' -%}
                            {{ item['text'] | trim }}
                        {%- endif -%}
                    {%- endfor -%}
                {%- else -%}
                    {{ raise_exception("Invalid content type") }}
                {%- endif -%}
                {{ '<end_of_turn>\\n' }}
            {%- endfor -%}
            {%- if add_generation_prompt -%}
                {{'<start_of_turn>model\\n'}}
            {%- endif -%}
            """;

    /** Refuses a folder whose chat template is another one. */
    static void requireIn(Path folder) {
        TemplateFile.requireKnown(folder, List.of(PUBLISHED), FAMILY);
    }

    @Override
    public RenderedText render(Conversation conversation) {
        List<Turn> turns = conversation.turns();
        boolean hasSystem = !turns.isEmpty() && turns.getFirst().speaker() == Speaker.System;
        String prefix = hasSystem ? systemPrompt(conversation) + "\n\n" : "";
        List<Turn> others = hasSystem ? turns.subList(1, turns.size()) : turns;
        ChatText text = new ChatText().add(beginning);
        for (int i = 0; i < others.size(); i++) {
            Turn turn = others.get(i);
            if (turn.speaker() != (i % 2 == 0 ? Speaker.User : Speaker.Assistant)) {
                throw conversation
                        .location()
                        .invalid("Gemma 3's chat template wants user and assistant in turn, the user first, but turn "
                                + (i + 1) + " is of the "
                                + turn.speaker().name().toLowerCase(Locale.ROOT));
            }
            if (turn.speaker() == Speaker.Assistant) {
                text.add("<start_of_turn>model\n").answer(words(turn) + END).add("\n");
                continue;
            }
            text.add("<start_of_turn>user\n").add(i == 0 ? prefix : "");
            for (Content content : turn.content()) {
                switch (content) {
                    case Content.Text(String words) -> text.add(question(words, conversation));
                    case Content.Image _ -> text.image(IMAGE);
                }
            }
            text.add(END).add("\n");
        }
        return text.done();
    }

    /** transformers refuses such a text beside an image, and without one reads a token that stands for nothing. */
    private static String question(String words, Conversation conversation) {
        if (words.contains(IMAGE)) {
            throw conversation
                    .location()
                    .invalid(
                            "the text contains the model's own " + IMAGE + "; use <image> with an image, or remove it");
        }
        return PythonText.strip(words);
    }

    /** The template writes the first part alone; what it would leave out without a word is refused. */
    private static String systemPrompt(Conversation conversation) {
        List<Content> content = conversation.turns().getFirst().content();
        if (content.size() > 1) {
            throw conversation
                    .location()
                    .invalid("Gemma 3's chat template takes a system prompt of one part, but this one has "
                            + content.size() + "; join them");
        }
        return content.isEmpty() || !(content.getFirst() instanceof Content.Text(String words)) ? "" : words;
    }

    /** An answer's words; images stand in user turns alone. */
    private static String words(Turn turn) {
        StringBuilder words = new StringBuilder();
        for (Content content : turn.content()) {
            if (content instanceof Content.Text(String text)) {
                words.append(PythonText.strip(text));
            }
        }
        return words.toString();
    }
}
