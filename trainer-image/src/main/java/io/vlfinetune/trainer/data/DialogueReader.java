package io.vlfinetune.trainer.data;

import java.util.ArrayList;
import java.util.List;

/**
 * {@code conversations} with {@code from} and {@code value}: ShareGPT as LLaMA-Factory reads it (which takes
 * {@code messages} with {@code role} and {@code content} as well, {@code images} and a {@code system} text beside), and
 * LLaVA's own form of it with one {@code image}. Sources: LLaMA-Factory data/README.md; LLaVA docs/Finetune_Custom_Data.md.
 */
record DialogueReader(String name, boolean messagesToo, List<String> imageKeys) implements ConversationReader {
    static DialogueReader shareGpt() {
        return new DialogueReader("ShareGPT", true, List.of("images", "image"));
    }

    static DialogueReader llava() {
        return new DialogueReader("LLaVA", false, List.of("image"));
    }

    @Override
    public Conversation read(SampleFields sample) {
        if (messagesToo && sample.has("messages") && !sample.has("conversations")) {
            return new MessagesReader().read(sample);
        }
        ConversationReader.requireReadable(sample);
        if (!imageKeys.contains("images") && sample.has("images")) {
            throw sample.location()
                    .invalid("`images` is given, but format " + name + " has `image`; use format ShareGPT");
        }
        var marks = new ImageMarks(sample.location(), sample.images(imageKeys.toArray(String[]::new)));
        List<SampleFields> dialogue = sample.objects("conversations");
        var turns = new ArrayList<Turn>(messagesToo ? ConversationReader.system(sample, marks) : List.of());
        for (SampleFields turn : dialogue) {
            turns.add(turn(turn, marks));
        }
        return ConversationReader.finish(sample.location(), turns, marks);
    }

    private static Turn turn(SampleFields turn, ImageMarks marks) {
        // LLaMA-Factory lets a data set name its keys; role and content are the other pair in use.
        boolean openAi = !turn.has("from") && turn.has("role");
        String from = openAi ? "role" : "from";
        Speaker speaker = speaker(turn, from);
        return new Turn(speaker, marks.split(turn.text(openAi ? "content" : "value")));
    }

    private static Speaker speaker(SampleFields turn, String key) {
        String role = turn.text(key);
        return switch (role) {
            case "system" -> Speaker.System;
            case "human", "user" -> Speaker.User;
            case "gpt", "assistant" -> Speaker.Assistant;
            default -> throw turn.invalid(key, "is \"" + role + "\"; known roles are system, human, gpt");
        };
    }
}
