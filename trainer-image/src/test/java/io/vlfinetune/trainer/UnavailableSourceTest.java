package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.contract.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sources that are not there, or not yet: a later attempt may find them, so these failures are retried. What is there
 * and wrong is not.
 */
class UnavailableSourceTest {
    @TempDir
    private Path folder;

    private TestRun run;
    private Path claims;

    @BeforeEach
    void mountClaims() throws IOException {
        run = new TestRun(folder);
        claims = Files.createDirectories(run.root().resolve("claims"));
        Files.createDirectory(claims.resolve("models"));
        run.json().putObject("mounts").put("models", "claims/models").put("data", "claims/data");
    }

    @Test
    void givenAClaimWithoutTheModelFolderThenTheFolderIsNamed() {
        run.part("model").put("source", "pvc://models/base");
        refused(
                Reason.SourceUnavailable,
                30,
                claims.resolve("models").resolve("base") + ": there is no such model folder");
    }

    @Test
    void givenAClaimWhoseFolderIsMissingThenTheFolderIsNamed() throws IOException {
        Files.delete(claims.resolve("models"));
        run.part("model").put("source", "pvc://models/base");
        refused(
                Reason.SourceUnavailable,
                30,
                claims.resolve("models").resolve("base") + ": there is no such model folder");
    }

    @Test
    void givenAFileWhereTheClaimShouldBeThenTheFolderIsNamed() throws IOException {
        Files.delete(claims.resolve("models"));
        Files.writeString(claims.resolve("models"), "no folder");
        run.part("model").put("source", "pvc://models/base");
        refused(
                Reason.SourceUnavailable,
                30,
                claims.resolve("models").resolve("base") + ": there is no such model folder");
    }

    @Test
    void givenAFileAsModelThenItIsSaid() {
        Path weights = run.model().resolve("model.safetensors");
        run.part("model").put("source", TestRun.uri(weights));
        refused(Reason.SourceUnavailable, 30, weights + ": a file, but a model is a folder");
    }

    /** As root every file can be read, so a folder in the place of a file stands in for one that cannot. */
    @Test
    void givenWeightsThatCannotBeReadThenTheFileIsNamed() throws IOException {
        Path weights = run.model().resolve("model.safetensors");
        Files.delete(weights);
        Files.createDirectory(weights);
        refused(Reason.SourceUnavailable, 30, weights + " cannot be read: ");
    }

    @Test
    void givenAFolderWithoutAModelThenItStaysUnsupported() {
        run.part("model").put("source", "pvc://models/");
        refused(
                Reason.ModelUnsupported,
                12,
                claims.resolve("models").resolve("config.json")
                        + ": the file is missing; give a Hugging Face model folder");
    }

    @Test
    void givenAConfigurationThatIsNoTextThenItIsNotRetried() throws IOException {
        Path config = run.model().resolve("config.json");
        Files.write(config, new byte[] {'{', (byte) 0xff, '}'});
        refused(Reason.ModelUnsupported, 12, config + ": not text in UTF-8; fetch the file again");
    }

    @Test
    void givenAClaimWithoutTheDataFileThenTheFileIsNamed() {
        ((ObjectNode) run.part("data").withArray("train").get(0)).put("source", "pvc://data/train.jsonl");
        refused(
                Reason.SourceUnavailable,
                30,
                claims.resolve("data").resolve("train.jsonl") + ": there is no such data file");
    }

    @Test
    void givenAFolderAsDataFileThenItIsNamed() throws IOException {
        Path data = Files.createDirectory(run.data().resolve("folder.jsonl"));
        ((ObjectNode) run.part("data").withArray("train").get(0)).put("source", TestRun.uri(data));
        refused(Reason.SourceUnavailable, 30, data + ": cannot be read: ");
    }

    @Test
    void givenAMediaRootThatIsMissingThenItIsNamed() {
        run.part("data").put("mediaRoot", "pvc://data/images");
        refused(
                Reason.SourceUnavailable,
                30,
                "data.mediaRoot " + claims.resolve("data").resolve("images") + ": there is no such folder");
    }

    @Test
    void givenADestinationBelowAFileThenItIsFoundBeforeTraining() throws IOException {
        Files.writeString(run.output().getParent(), "no folder");
        TestRun.Ended ended = run.start();

        assertThat(ended.exitCode()).isEqualTo(50);
        assertThat(ended.lastWord().reason()).isEqualTo(Reason.OutputFailed);
        assertThat(ended.lastWord().message())
                .isEqualTo("spec.output.destination: " + run.output() + " cannot be written: "
                        + run.output().getParent() + " is no folder; choose another destination");
        assertThat(run.liveMetrics()).doesNotExist();
    }

    private void refused(Reason reason, int exitCode, String start) {
        TestRun.Ended ended = run.start();
        assertThat(ended.lastWord().message()).startsWith(start);
        assertThat(ended.lastWord().reason()).isEqualTo(reason);
        assertThat(ended.exitCode()).isEqualTo(exitCode);
        assertThat(run.leftovers()).isEmpty();
        assertThat(run.liveMetrics()).doesNotExist();
    }
}
