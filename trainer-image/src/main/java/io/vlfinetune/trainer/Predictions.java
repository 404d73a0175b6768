package io.vlfinetune.trainer;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.model.GreedyDecoder;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.processor.Tokenizer;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/**
 * A model's own answers to the last question of every sample, one JSON line each.
 *
 * @param decoder lets the model answer
 * @param processor of the model
 * @param most how many tokens an answer may have
 */
record Predictions(GreedyDecoder decoder, ChatProcessor processor, int most) {
    private static final JsonMapper JSON = new JsonMapper();

    /**
     * One line.
     *
     * @param sample where the sample comes from: file and line
     * @param answer what the data say
     * @param prediction what the model says
     */
    @JsonPropertyOrder({"sample", "answer", "prediction"})
    private record Line(String sample, String answer, String prediction) {}

    /**
     * Writes the file under another name and renames it when it is whole.
     *
     * @param done told the number of samples done
     * @throws TrainerException OutputFailed if it cannot be written
     */
    void write(Dataset dataset, Path file, IntConsumer done) {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            try (BufferedWriter lines = Files.newBufferedWriter(part)) {
                for (int i = 0; i < dataset.size(); i++) {
                    lines.write(JSON.writeValueAsString(line(dataset.conversation(i))));
                    lines.write('\n');
                    done.accept(i + 1);
                }
            }
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException problem) {
            throw new TrainerException(
                    Reason.OutputFailed, file + ": predictions cannot be written: " + problem.getMessage(), problem);
        }
    }

    private Line line(Conversation conversation) {
        int[] answer = decoder.answer(processor.prompt(conversation), most);
        return new Line(
                conversation.location().toString(),
                answer(conversation),
                processor.text(answer).strip());
    }

    private static String answer(Conversation conversation) {
        Turn last = conversation.turns().reversed().stream()
                .filter(turn -> turn.speaker() == Speaker.Assistant)
                .findFirst()
                .orElseThrow();
        return last.content().stream()
                .map(content -> content instanceof Content.Text(String text) ? text : "")
                .collect(Collectors.joining());
    }

    /** The tokens that end an answer, by generation_config.json, config.json and the tokenizer. */
    static Set<Integer> endTokens(Path model, Tokenizer tokenizer) {
        Set<Integer> ends = new HashSet<>();
        ConfigSection config = ConfigSection.read(model, ConfigSection.CONFIG);
        for (ConfigSection section :
                List.of(ConfigSection.read(model, "generation_config.json"), config, config.section("text_config"))) {
            section.value("eos_token_id").ifPresent(value -> {
                if (value.isInt()) {
                    ends.add(value.intValue());
                }
                value.forEach(one -> ends.add(one.intValue()));
            });
        }
        String word = ConfigSection.read(model, "tokenizer_config.json").token("eos_token");
        if (word != null) {
            tokenizer.idOf(word).ifPresent(ends::add);
        }
        return ends;
    }
}
