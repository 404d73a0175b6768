package io.vlfinetune.trainer.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SourcesTest {
    private static final Sources SOURCES =
            new Sources(Path.of("/var/lib/trainer"), Map.of("models", "claims/models", "data", "claims/data"));

    @ParameterizedTest
    @CsvSource({
        "pvc://models/base, /var/lib/trainer/claims/models/base",
        "pvc://models, /var/lib/trainer/claims/models",
        "pvc://models/, /var/lib/trainer/claims/models",
        "pvc://data//a/../b.jsonl, /var/lib/trainer/claims/data/b.jsonl",
        "file:///somewhere/./base, /somewhere/base",
        "file:///with space/ü, /with space/ü"
    })
    void givenAUriThenItsPlace(String uri, Path place) {
        assertThat(SOURCES.resolve(uri, "spec.model.source")).isEqualTo(place);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pvc://data/../models/base|the path leaves its claim",
                "pvc://data/../../../etc/passwd|the path leaves its claim",
                "pvc://data/a/../../models|the path leaves its claim",
                "pvc://other/base|claim other is not mounted",
                "pvc://../models|claim .. is not mounted",
                "file://base|a relative file:// path has no meaning here; write file:///folder",
                "file://|a relative file:// path has no meaning here; write file:///folder",
                "hf://org/model|give pvc://claim/path or file:///path",
                "/absolute|give pvc://claim/path or file:///path",
                "PVC://data/a|give pvc://claim/path or file:///path"
            })
    void givenAUriThatMeansNoPlaceThenFieldUriAndWayOutAreNamed(String uri, String message) {
        refused(uri, message);
    }

    @Test
    void givenANameNoFileCanHaveThenItIsRefused() {
        refused("file:///a\0b", "no path: Nul character not allowed");
        refused("pvc://data/a\0b", "no path: Nul character not allowed");
    }

    private static void refused(String uri, String message) {
        assertThatThrownBy(() -> SOURCES.resolve(uri, "spec.data.train[0].source"))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessage("spec.data.train[0].source: " + uri + ": " + message);
    }

    /** A claim with a model of which every file is a link into the claim, as in a Hugging Face cache. */
    private Sources cached(Path folder) throws IOException {
        Path claim = Files.createDirectories(folder.resolve("claims").resolve("models"));
        hub(claim);
        return new Sources(folder, Map.of("models", "claims/models"));
    }

    private static Path hub(Path above) throws IOException {
        Path repository = above.resolve("models--org--name");
        Path snapshot = Files.createDirectories(repository.resolve("snapshots").resolve("abc"));
        Files.writeString(Files.createDirectories(repository.resolve("blobs")).resolve("1"), "{}");
        Files.createSymbolicLink(snapshot.resolve("config.json"), Path.of("../../blobs/1"));
        return snapshot;
    }

    @Test
    void givenLinksInsideOfAClaimThenTheyAreFollowed(@TempDir Path folder) throws IOException {
        Sources sources = cached(folder);
        Path claim = folder.resolve("claims/models");
        Files.createSymbolicLink(claim.resolve("base"), Path.of("models--org--name/snapshots/abc"));
        assertThat(sources.folder("pvc://models/base", "spec.model.source").path())
                .isEqualTo(claim.resolve("base"));
        assertThat(sources.resolve("pvc://models/out/trained", "spec.output.destination"))
                .isEqualTo(claim.resolve("out/trained"));
    }

    @Test
    void givenAClaimThatIsItselfALinkThenItsContentIsInside(@TempDir Path folder) throws IOException {
        Sources sources = cached(folder);
        Path link = Files.createSymbolicLink(folder.resolve("linked"), folder.resolve("claims/models"));
        Sources through = new Sources(folder, Map.of("models", link.toString()));
        String uri = "pvc://models/models--org--name/snapshots/abc";
        assertThat(through.folder(uri, "spec.model.source").path()).startsWith(link);
        assertThat(sources.folder(uri, "spec.model.source").path()).isDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = {"pvc://models/stolen", "pvc://models/stolen/train.jsonl", "pvc://models/stolen/new/folder"})
    void givenALinkThatLeadsOutOfItsClaimThenItIsRefused(String uri, @TempDir Path folder) throws IOException {
        Sources sources = cached(folder);
        Path secrets = Files.createDirectories(folder.resolve("secrets"));
        Files.writeString(secrets.resolve("train.jsonl"), "token");
        Files.createSymbolicLink(folder.resolve("claims/models/stolen"), secrets);
        assertThatThrownBy(() -> sources.resolve(uri, "spec.data.train[0].source"))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessageStartingWith("spec.data.train[0].source: " + uri + ": a link leads out of the claim, to "
                        + secrets.toRealPath());
    }

    @Test
    void givenAFileOfAModelThatIsALinkToElsewhereThenItIsRefusedByName(@TempDir Path folder) throws IOException {
        Sources sources = cached(folder);
        Path secret = Files.writeString(folder.resolve("secret"), "token");
        Path snapshot = folder.resolve("claims/models/models--org--name/snapshots/abc");
        Files.createSymbolicLink(snapshot.resolve("notes.txt"), secret);
        assertThatThrownBy(() -> sources.folder("pvc://models/models--org--name/snapshots/abc", "spec.model.source"))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessageStartingWith("spec.model.source: " + snapshot.resolve("notes.txt") + " is a link to "
                        + secret.toRealPath() + ", outside of ")
                .hasMessageEndingWith("; put the file itself there");
    }

    @Test
    void givenAFolderOfTheUsersOwnMachineThenItsLinksMayLeadAnywhere(@TempDir Path folder) throws IOException {
        Path snapshot = hub(folder);
        Files.createSymbolicLink(snapshot.resolve("model.safetensors"), Files.writeString(folder.resolve("disk"), "x"));
        assertThat(SOURCES.folder("file://" + snapshot, "spec.model.source").path())
                .isEqualTo(snapshot);
        Path link = Files.createSymbolicLink(folder.resolve("base"), snapshot);
        assertThat(SOURCES.folder("file://" + link, "spec.model.source").path()).isEqualTo(link);
    }

    @Test
    void givenNoSuchFolderThenWhoeverOpensItSaysSo(@TempDir Path folder) {
        Path absent = folder.resolve("absent");
        assertThat(SOURCES.folder("file://" + absent, "spec.model.source").path())
                .isEqualTo(absent);
    }
}
