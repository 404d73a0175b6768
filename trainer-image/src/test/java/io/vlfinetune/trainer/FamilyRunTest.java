package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.testing.FamilyFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The whole way of a run, and of bad input, with every family. */
class FamilyRunTest {
    static final List<String> FAMILIES = FamilyFixture.ALL;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenOnlyTheProjectorUnfrozenWhenTrainedInBFloat16ThenNothingElseChanges(String family) throws IOException {
        TestRun run = new TestRun(folder, family).projectorOnly().training(Map.of("steps", 3));
        run.part("training").put("precision", "BFloat16");
        Files.writeString(
                run.data().resolve("train.jsonl"),
                "{\"messages\": [{\"role\": \"user\", \"content\": \"odd?\"},"
                        + " {\"role\": \"assistant\", \"content\": \"no\"}]}\n",
                StandardOpenOption.APPEND);

        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        ProofStatus proof = Objects.requireNonNull(ended.lastWord().proof());
        assertThat(proof.holds()).isTrue();
        assertThat(proof.verified()).isPositive().isEqualTo(proof.frozenTensors());
        TreeSet<String> projector = new TreeSet<>(new FamilyFixture(family).trainable("projector_only"));
        assertThat(proof.verified() + projector.size())
                .isEqualTo(new FamilyFixture(family).roles().size());
        assertThat(run.changed()).isNotEmpty().isSubsetOf(projector);
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenTheModelsOwnImageTokenInAQuestionThenTheLineIsNamed(String family) throws IOException {
        TestRun run = new TestRun(folder, family);
        String token = imageToken(family);
        Files.writeString(run.data().resolve("train.jsonl"), """
                {"messages": [{"role": "user", "content": [{"type": "image", "image": "sample.png"}, \
                {"type": "text", "text": "What is %s?"}]}, {"role": "assistant", "content": "nothing"}]}
                """.formatted(token));
        // What our own mark looks like too counts as a mark before a model sees it.
        String problem = token.equals("<image>") ? "1 <image> mark but 0 images" : "the model's own image token";
        refused(run, Reason.DataInvalid, "train.jsonl:1", problem);
    }

    private static String imageToken(String family) {
        return switch (family) {
            case "qwen2_vl", "qwen2_5_vl", "qwen3_vl" -> "<|image_pad|>";
            case "internvl" -> "<IMG_CONTEXT>";
            case "gemma3" -> "<image_soft_token>";
            default -> "<image>";
        };
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenMoreImagesThanMarksThenTheLineIsNamed(String family) throws IOException {
        TestRun run = new TestRun(folder, family);
        String line = TestRun.sample("sample.png", "<image>Which?", "x");
        Files.writeString(
                run.data().resolve("train.jsonl"),
                line.replace("[\"sample.png\"]", "[\"sample.png\", \"sample2.png\"]") + "\n");
        refused(run, Reason.DataInvalid, "train.jsonl:1", "1 <image> mark but 2 images");
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenASampleLongerThanMaxLengthThenItIsNamedAndNotCut(String family) {
        TestRun run = new TestRun(folder, family);
        run.part("data").put("maxLength", 16);
        refused(run, Reason.DataInvalid, ".jsonl:", "data.maxLength is 16");
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenAnotherChatTemplateThenItsFileIsNamed(String family) throws IOException {
        TestRun run = new TestRun(folder, family);
        Files.writeString(run.model().resolve("chat_template.jinja"), "{{ messages }}");
        refused(run, Reason.ModelUnsupported, "chat_template.jinja is not the chat template of");
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenAPreprocessorOfAnotherKindThenItIsNamed(String family) throws IOException {
        TestRun run = new TestRun(folder, family);
        Path file = run.model().resolve("preprocessor_config.json");
        Files.writeString(file, "{\"image_processor_type\": \"ViTImageProcessor\"}");
        refused(run, Reason.ModelUnsupported, "preprocessor_config.json", "ViTImageProcessor");
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void givenAShapeThatTheConfigurationDoesNotTellThenTheTensorIsNamed(String family) throws IOException {
        TestRun run = new TestRun(folder, family);
        Path file = run.model().resolve("config.json");
        String config = Files.readString(file);
        Files.writeString(file, config.replaceAll("\"vocab_size\": *[0-9]+", "\"vocab_size\": 641"));
        refused(run, Reason.ModelUnsupported, "embed_tokens.weight", "641");
    }

    private static void refused(TestRun run, Reason reason, String... parts) {
        LastWord word = run.start().lastWord();
        assertThat(word.reason()).as(word.message()).isEqualTo(reason);
        assertThat(word.message()).contains(parts);
        assertThat(run.leftovers()).isEmpty();
    }
}
