package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.api.DataFormat;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.testing.FamilyFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PredictionsTest {
    private static final JsonMapper JSON = new JsonMapper();

    private final FamilyFixture fixture = new FamilyFixture("llava");

    @TempDir
    private Path folder;

    @Test
    void givenAFileForPredictionsWhenEvaluatedThenItHoldsTheModelsOwnAnswers() throws IOException {
        Path data = data();
        Path file = folder.resolve("answers.jsonl");
        List<String> progress = new ArrayList<>();

        EvaluationResult result =
                Evaluating.evaluate(request(data, file, 8), (done, all) -> progress.add(done + "/" + all));

        assertThat(result.samples()).isEqualTo(2);
        assertThat(progress).endsWith("1/2", "2/2");
        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSize(2);
        JsonNode first = JSON.readTree(lines.getFirst());
        assertThat(first.path("sample").asText()).isEqualTo(data + ":1");
        assertThat(first.path("answer").asText())
                .isEqualTo(fixture.golden().path("answer").asText());
        try (ChatProcessor processor = fixture.processor()) {
            int[] greedy = FamilyFixture.numbers(fixture.golden().path("greedy"));
            assertThat(first.path("prediction").asText())
                    .isEqualTo(processor.text(greedy).strip());
        }
        assertThat(folder).isDirectoryNotContaining("glob:**.part");
    }

    @Test
    void givenAPlaceThatCannotBeWrittenThenItIsNamed() throws IOException {
        Path nowhere = folder.resolve("none/answers.jsonl");
        Evaluating.Request request = request(data(), nowhere, 1);
        assertThatThrownBy(() -> Evaluating.evaluate(request, (done, all) -> {}))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.OutputFailed))
                .hasMessageContaining(nowhere.toString());
    }

    private Evaluating.Request request(Path data, Path predictions, int most) {
        return new Evaluating.Request(
                fixture.folder(), data, DataFormat.Auto, fixture.folder(), 2048, predictions, most);
    }

    private Path data() throws IOException {
        String line = """
                {"messages": [{"role": "user", "content": [{"type": "image", "image": "sample.png"}, \
                {"type": "text", "text": "%s"}]}, {"role": "assistant", "content": "%s"}]}""".formatted(
                        fixture.golden().path("question").asText(),
                        fixture.golden().path("answer").asText());
        String text = "{\"messages\": [{\"role\": \"user\", \"content\": \"odd?\"},"
                + " {\"role\": \"assistant\", \"content\": \"no\"}]}";
        return Files.writeString(folder.resolve("test.jsonl"), line + "\n" + text + "\n");
    }
}
