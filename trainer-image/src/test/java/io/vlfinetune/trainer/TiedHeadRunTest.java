package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.testing.LlavaFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint without an output head, whose embedding table does both: the two are trained or frozen together. */
class TiedHeadRunTest {
    private static final String EMBEDDING = "language_model.model.embed_tokens.weight";

    @TempDir
    private Path folder;

    private TestRun run;

    @BeforeEach
    void tie() throws IOException {
        run = new TestRun(folder);
        LlavaFixture.withTensors(run.model(), tensors -> tensors.remove("language_model.lm_head.weight"));
        Path config = run.model().resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config).replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true"));
    }

    private void rule(String role, boolean frozen) {
        run.part("freeze").withArray("rules").addObject().put("role", role).put("frozen", frozen);
    }

    @Test
    void whenEverythingIsTrainedThenTheTableIsTrainedOnceAndTheOutputHasNoHead() {
        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(run.changed()).contains(EMBEDDING);
        JsonNode plan = run.document().path("plan");
        assertThat(plan.path("tensors"))
                .hasSize(113)
                .filteredOn(tensor -> tensor.path("name").asText().equals(EMBEDDING))
                .singleElement()
                .satisfies(tensor -> assertThat(tensor.path("role").asText()).isEqualTo("TokenEmbedding"));
        assertThat(plan.path("totalParameters").asLong()).isEqualTo(289_920 - 640 * 64);
    }

    @Test
    void whenOnlyBothRolesAreTrainedThenOnlyTheTableChanges() {
        run.part("freeze").put("visionTower", true).put("projector", true).put("languageModel", true);
        rule("TokenEmbedding", false);
        rule("OutputHead", false);
        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(run.changed()).containsExactly(EMBEDDING);
        assertThat(Objects.requireNonNull(ended.lastWord().proof()).holds()).isTrue();
    }

    @Test
    void whenTheLanguageModelIsFrozenThenTheTableStaysAndTheRestIsTrained() {
        run.part("freeze").put("languageModel", true);
        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).as(ended.lastWord().message()).isZero();
        assertThat(run.changed()).isNotEmpty().noneMatch(name -> name.startsWith("language_model"));
    }

    @Test
    void whenHeadAndTableAreAskedForApartThenBothAreNamedBeforeAnythingIsTrained() {
        rule("OutputHead", true);
        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).isEqualTo(10);
        assertThat(ended.lastWord().reason()).isEqualTo(Reason.InvalidSpec);
        assertThat(ended.lastWord().message())
                .isEqualTo(
                        "spec.freeze.rules[0]: OutputHead would be frozen and TokenEmbedding trained, but in this model both are one tensor, "
                                + EMBEDDING
                                + " (config.json: tie_word_embeddings); write the same rule for both");
        assertThat(run.leftovers()).isEmpty();
        assertThat(run.liveMetrics()).doesNotExist();
    }
}
