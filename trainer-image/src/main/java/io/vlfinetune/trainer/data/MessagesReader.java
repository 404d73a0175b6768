package io.vlfinetune.trainer.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * OpenAI's messages: {@code role} and {@code content}, where content is a string with {@code <image>} marks or a list of
 * parts ({@code text}, {@code image}, {@code image_url}). Images without a reference of their own stand beside the
 * messages. A {@code system} text may stand beside the messages as in
 * ShareGPT. Sources: OpenAI API reference, chat completions and fine-tuning; transformers, "Multimodal chat templates".
 */
record MessagesReader() implements ConversationReader {
    @Override
    public Conversation read(SampleFields sample) {
        ConversationReader.requireReadable(sample);
        var marks = new ImageMarks(sample.location(), sample.images("images", "image"));
        var turns = new ArrayList<Turn>(ConversationReader.system(sample, marks));
        for (SampleFields message : sample.objects("messages")) {
            requireReadable(message);
            turns.add(new Turn(speaker(message), content(message, marks)));
        }
        return ConversationReader.finish(sample.location(), turns, marks);
    }

    /** OpenAI's fine-tuning format lets a message be left out of the loss, or call a function instead of answering. */
    private static void requireReadable(SampleFields message) {
        if (message.has("weight") && message.required("weight").asDouble() != 1) {
            throw message.invalid(
                    "weight",
                    "is " + message.required("weight") + "; every answer is trained on, so leave it out or give 1");
        }
        for (String key : List.of("tool_calls", "function_call")) {
            if (message.hasContent(key)) {
                throw message.invalid(key, "is given, but only text and images are read; leave such samples out");
            }
        }
    }

    private static Speaker speaker(SampleFields message) {
        String role = message.text("role");
        return switch (role) {
            case "system", "developer" -> Speaker.System;
            case "user" -> Speaker.User;
            case "assistant" -> Speaker.Assistant;
            default -> throw message.invalid("role", "is \"" + role + "\"; known roles are system, user, assistant");
        };
    }

    private static List<Content> content(SampleFields message, ImageMarks marks) {
        JsonNode content = message.required("content");
        if (content.isTextual()) {
            return marks.split(content.textValue());
        }
        if (!content.isArray()) {
            throw message.wrongKind("content", "a string or an array of parts", content);
        }
        var parts = new ArrayList<Content>();
        for (SampleFields part : message.objects("content")) {
            addPart(part, marks, parts);
        }
        return parts;
    }

    private static void addPart(SampleFields part, ImageMarks marks, List<Content> parts) {
        String type = part.text("type");
        switch (type) {
            case "text" -> parts.addAll(marks.split(part.text("text")));
            case "image" -> parts.add(image(part, marks));
            case "image_url" -> parts.add(imageUrl(part));
            default -> throw part.invalid("type", "is \"" + type + "\"; known types are text, image, image_url");
        }
    }

    private static Content.Image image(SampleFields part, ImageMarks marks) {
        for (String key : List.of("image", "url", "path")) {
            if (part.has(key)) {
                return part.image(key);
            }
        }
        return marks.next();
    }

    private static Content.Image imageUrl(SampleFields part) {
        JsonNode value = part.required("image_url");
        JsonNode url = value.isObject() ? value.get("url") : value;
        if (url == null || !url.isTextual()) {
            throw part.invalid("image_url", "must be a string or an object with a string `url`");
        }
        return new Content.Image(url.textValue());
    }
}
