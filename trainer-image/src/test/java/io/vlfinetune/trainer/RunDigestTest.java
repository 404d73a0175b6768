package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.contract.RunConfiguration;
import io.vlfinetune.trainer.source.Sources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What makes two runs the same, and what does not. */
class RunDigestTest {
    @TempDir
    private Path folder;

    @Test
    void givenWhatDecidesNothingThenTheDigestStays() {
        String digest = digest("a", run -> {});
        assertThat(digest).matches("sha256:[0-9a-f]{64}");
        assertThat(digest("another place", run -> {})).isEqualTo(digest);
        assertThat(digest("b", run -> run.json().put("attempt", 3).put("uid", "other")))
                .isEqualTo(digest);
        assertThat(digest(
                        "c",
                        run -> run.part("training").put("checkpointEvery", 2).put("keepCheckpoints", 5)))
                .isEqualTo(digest);
        assertThat(digest("d", run -> run.part("output").put("destination", "file:///elsewhere")))
                .isEqualTo(digest);
        assertThat(digest("e", run -> run.part("training").put("weightDecay", "0.0")))
                .as("a default written out")
                .isEqualTo(digest);
    }

    @Test
    void givenWhatDecidesTheResultThenTheDigestDiffers() {
        String digest = digest("a", run -> {});
        assertThat(digest("b", run -> run.part("training").put("seed", 43))).isNotEqualTo(digest);
        assertThat(digest("c", TestRun::projectorOnly)).isNotEqualTo(digest);
        assertThat(digest("d", run -> append(run.data().resolve("held.jsonl"), "\n")))
                .isNotEqualTo(digest);
        assertThat(digest("e", run -> append(run.model().resolve("config.json"), "\n")))
                .isNotEqualTo(digest);
        assertThat(digest("f", run -> evaluation(run).put("name", "other"))).isNotEqualTo(digest);
        assertThat(digest("g", run -> run.part("data").put("maxLength", 100))).isNotEqualTo(digest);
    }

    @Test
    void givenAnotherImageOfTheSameNameThenTheDigestDiffersButNotForItsDate() {
        String digest = digest("a", run -> {});
        Path image = folder.resolve("b").resolve("data").resolve("sample2.png");
        assertThat(digest("b", run -> copy(run.data().resolve("sample.png"), image)))
                .isNotEqualTo(digest);
        assertThat(digest("c", run -> age(run.data().resolve("sample.png")))).isEqualTo(digest);
        assertThat(digest(
                        "d",
                        run -> copy(run.data().resolve("sample.png"), run.data().resolve("nobody names it.png"))))
                .isEqualTo(digest);
    }

    @Test
    void givenTheEvaluationSetAsTrainingDataThenItIsAnotherRun() {
        String moved = digest("b", run -> {
            String source = evaluation(run).path("source").asText();
            run.part("data").remove("evaluation");
            run.part("data").withArray("train").addObject().put("source", source);
        });
        assertThat(moved).isNotEqualTo(digest("a", run -> {}));
    }

    private static ObjectNode evaluation(TestRun run) {
        return (ObjectNode) run.part("data").withArray("evaluation").get(0);
    }

    private String digest(String place, Consumer<TestRun> change) {
        TestRun made = new TestRun(folder.resolve(place));
        change.accept(made);
        made.write();
        RunConfiguration run = RunFile.read(made.config());
        Sources sources = new Sources(made.root(), run.mounts());
        try (PlannedModel planned = PlannedModel.open(made.model(), run.freeze());
                DataSets sets = DataSets.of(planned, run.data().maxLength())) {
            return RunDigest.of(
                    run,
                    made.model(),
                    "sha256:00",
                    DataSets.files(run.data(), sources),
                    sets.open(run.data(), sources));
        }
    }

    private static void copy(Path from, Path to) {
        try {
            Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException problem) {
            throw new AssertionError(problem);
        }
    }

    private static void age(Path file) {
        try {
            Files.setLastModifiedTime(file, FileTime.fromMillis(1));
        } catch (IOException problem) {
            throw new AssertionError(problem);
        }
    }

    private static void append(Path file, String text) {
        try {
            Files.writeString(file, Files.readString(file) + text);
        } catch (IOException problem) {
            throw new AssertionError(problem);
        }
    }
}
