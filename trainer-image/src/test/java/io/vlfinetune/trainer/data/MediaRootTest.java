package io.vlfinetune.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MediaRootTest {
    private static final SampleLocation PLACE = SampleLocation.ofLine("train.jsonl", 17);

    @TempDir
    private Path folder;

    private Path root;
    private Path outside;

    @BeforeEach
    void makeFolders() throws IOException {
        root = Files.createDirectories(folder.resolve("root/photos")).getParent();
        outside = folder.resolve("outside.png");
        Path sample = Fixtures.llava().resolve("sample.png");
        Files.copy(sample, root.resolve("photos/a.png"));
        Files.copy(sample, outside);
    }

    @Test
    void givenAnImageWithinTheRootWhenNamedInAnyWayThenItIsLoaded() throws IOException {
        String base64 = Base64.getEncoder().encodeToString(Files.readAllBytes(outside));
        Files.createSymbolicLink(root.resolve("link.png"), root.resolve("photos/a.png"));
        Files.createSymbolicLink(folder.resolve("alias"), root);
        for (String reference : new String[] {
            "photos/a.png",
            "./photos/../photos/a.png",
            root.resolve("photos/a.png").toString(),
            root.resolve("photos/a.png").toUri().toString(),
            "link.png",
            "data:image/png;base64," + base64
        }) {
            MediaRoot media = MediaRoot.open(root);
            media.check(new Content.Image(reference), PLACE);
            assertThat(media.load(new Content.Image(reference), PLACE).width())
                    .as(reference)
                    .isEqualTo(100);
        }
        MediaRoot alias = MediaRoot.open(folder.resolve("alias"));
        alias.check(new Content.Image(folder.resolve("alias/photos/a.png").toString()), PLACE);
        alias.check(new Content.Image(root.resolve("photos/a.png").toString()), PLACE);
    }

    @Test
    void givenAPathOutOfTheRootWhenCheckedThenItIsRefused() throws IOException {
        Files.createSymbolicLink(root.resolve("escape.png"), outside);
        Files.createSymbolicLink(root.resolve("up"), folder);
        refused("../outside.png", "leaves data.mediaRoot");
        refused("photos/../../outside.png", "leaves data.mediaRoot");
        refused(outside.toString(), "leaves data.mediaRoot");
        refused(outside.toUri().toString(), "leaves data.mediaRoot");
        refused("escape.png", "leaves data.mediaRoot");
        refused("up/outside.png", "leaves data.mediaRoot");
        refused(root + "-sibling/a.png", "leaves data.mediaRoot");
    }

    @ParameterizedTest
    @CsvSource({
        "photos/b.png,image photos/b.png is missing beneath data.mediaRoot",
        "photos,image photos is not a file",
        "'',an image reference is empty",
        "https://example.org/a.png,images are not fetched during training",
        "file://host/a.png,is not a path",
        "'data:image/png;base64,!!!',malformed data URI",
        "'data:image/png;base64,',there is no data",
        "'data:image/png,abc',expected data:image/png;base64",
        "'data:text/plain;base64,AA==',expected data:image/png;base64",
        "data:image/png;base64,malformed data URI"
    })
    void givenABadReferenceWhenCheckedThenTheMessageSaysWhere(String reference, String problem) {
        refused(reference, problem);
    }

    @Test
    void givenABrokenImageWhenLoadedThenTheMessageNamesItAndItsSample() throws IOException {
        Files.writeString(root.resolve("bad.png"), "not an image");
        byte[] whole = Files.readAllBytes(outside);
        Files.write(root.resolve("cut.png"), java.util.Arrays.copyOf(whole, whole.length / 2));
        MediaRoot media = MediaRoot.open(root);
        assertThatThrownBy(() -> media.load(new Content.Image("bad.png"), PLACE))
                .hasMessage("train.jsonl:17: image bad.png is broken: it is neither PNG, JPEG nor WebP");
        assertThatThrownBy(() -> media.load(new Content.Image("cut.png"), PLACE))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessageStartingWith("train.jsonl:17: image cut.png is broken: ");
    }

    @Test
    void givenNoFolderWhenOpenedThenTheFieldIsNamed() {
        assertThatThrownBy(() -> MediaRoot.open(folder.resolve("nowhere")))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.SourceUnavailable))
                .hasMessageStartingWith("data.mediaRoot ")
                .hasMessageEndingWith("nowhere: there is no such folder");
    }

    private void refused(String reference, String problem) {
        assertThatThrownBy(() -> MediaRoot.open(root).check(new Content.Image(reference), PLACE))
                .as(reference)
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessageStartingWith("train.jsonl:17: ")
                .hasMessageContaining(problem);
    }
}
