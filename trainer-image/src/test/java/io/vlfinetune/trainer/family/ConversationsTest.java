package io.vlfinetune.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.SampleLocation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.processor.RenderedText;
import io.vlfinetune.trainer.testing.FamilyFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** 200 random conversations a family, as transformers renders and tokenizes them: fixtures/tools/README.md. */
class ConversationsTest {
    private static final JsonMapper JSON = new JsonMapper();

    @ParameterizedTest
    @ValueSource(strings = {"llava", "llava_next", "internvl"})
    void givenRandomConversationsThenTextAndIdsAreThoseOfTransformers(String family) throws IOException {
        FamilyFixture fixture = new FamilyFixture(family);
        List<String> lines = Files.readAllLines(fixture.folder().resolve("conversations.jsonl"));
        assertThat(lines).hasSizeGreaterThanOrEqualTo(200);
        try (ChatProcessor processor = fixture.processor()) {
            for (int line = 0; line < lines.size(); line++) {
                JsonNode sample = JSON.readTree(lines.get(line));
                String rendered =
                        asTransformersWrites(family, processor.template().render(conversation(sample, line + 1)));
                assertThat(rendered)
                        .as("line %d", line + 1)
                        .isEqualTo(sample.path("text").asText());
                assertThat(processor
                                .tokenizer()
                                .encode(rendered, processor.addsSpecialTokens())
                                .ids())
                        .as("line %d", line + 1)
                        .isEqualTo(FamilyFixture.numbers(sample.path("ids")));
            }
        }
    }

    /** LLaVA-1.5's own end of an answer stands where its template has a blank, and leaves the end to generation. */
    private static String asTransformersWrites(String family, RenderedText rendered) {
        if (!family.equals("llava")) {
            return rendered.text();
        }
        StringBuilder text = new StringBuilder(rendered.text());
        for (RenderedText.Span answer : rendered.trained().reversed()) {
            text.replace(answer.end() - "</s>".length(), answer.end(), " ");
        }
        return text.toString();
    }

    private static Conversation conversation(JsonNode sample, int line) {
        List<Turn> turns = new ArrayList<>();
        for (JsonNode message : sample.path("messages")) {
            List<Content> content = new ArrayList<>();
            for (JsonNode part : message.path("content")) {
                content.add(
                        part.path("type").asText().equals("image")
                                ? new Content.Image(part.path("path").asText())
                                : new Content.Text(part.path("text").asText()));
            }
            turns.add(new Turn(speaker(message.path("role").asText()), content));
        }
        return new Conversation(SampleLocation.ofLine("conversations.jsonl", line), turns);
    }

    private static Speaker speaker(String role) {
        return switch (role) {
            case "system" -> Speaker.System;
            case "user" -> Speaker.User;
            case "assistant" -> Speaker.Assistant;
            default -> throw new IllegalArgumentException(role);
        };
    }
}
