package io.vlfinetune.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.api.DataFormat;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetTest {
    @TempDir
    private Path folder;

    private final AtomicInteger encoded = new AtomicInteger();

    @BeforeEach
    void addImage() throws IOException {
        Files.copy(Fixtures.llava().resolve("sample.png"), folder.resolve("a.png"));
    }

    @Test
    void givenSeveralFilesWhenOpenedThenTheirSamplesFollowEachOther() throws IOException {
        DataFile lines = write("train.jsonl", "\uFEFF" + sample("eins") + "\r\n\n  \n" + sample("zwölf €") + "\n");
        DataFile array = write("more.json", "[\n" + sample("drei") + ",\n\n  " + sample("vier") + "\n]\n");

        Dataset dataset = open(lines, array);

        assertThat(dataset.size()).isEqualTo(4);
        assertThat(List.of(answer(dataset, 0), answer(dataset, 1), answer(dataset, 2), answer(dataset, 3)))
                .containsExactly("eins", "zwölf €", "drei", "vier");
        assertThat(dataset.location(0)).hasToString("train.jsonl:1");
        assertThat(dataset.location(1)).hasToString("train.jsonl:4");
        assertThat(dataset.location(2)).hasToString("more.json[0] (line 2)");
        assertThat(dataset.location(3)).hasToString("more.json[1] (line 4)");
        assertThatThrownBy(() -> dataset.get(4)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void givenALateBadLineWhenOpenedThenItFailsBeforeAnythingIsEncoded() throws IOException {
        String good = (sample("ja") + "\n").repeat(300);
        refused(good + "{\"messages\": [\n", "train.jsonl:301: invalid JSON at column 15: Unexpected end-of-input");
        refused(good + sample("ja").replace("a.png", "b.png"), "train.jsonl:301: image b.png is missing");
        refused(
                good + sample("ja").replace("<image>", "<image><image>"),
                "train.jsonl:301: 2 <image> marks but 1 image");
        refused(
                good + sample("ja").replace("a.png", "../a.png"),
                "train.jsonl:301: image ../a.png leaves data.mediaRoot");
        refused(good + "[]", "train.jsonl:301: a sample must be a JSON object, not array");
        refused(good + sample("ja") + " {}", "train.jsonl:301: invalid JSON: something follows the object");
        refused(
                "{\"images\": [], \"images\": []}",
                "train.jsonl:1: invalid JSON at column 24: Duplicate field 'images'");
        assertThat(encoded).hasValue(0);
    }

    @Test
    void givenFilesWithoutSamplesWhenOpenedThenTheFileIsNamed() throws IOException {
        refused("", "train.jsonl: the file has no samples");
        refused("\n \n", "train.jsonl: the file has no samples");
        assertThatThrownBy(() -> open(write("x.json", "")))
                .hasMessage("x.json: the file has no samples; give at least one");
        assertThatThrownBy(() -> open(write("x.json", "[]"))).hasMessageStartingWith("x.json: the file has no samples");
        assertThatThrownBy(() -> open(write("x.json", "{}")))
                .hasMessageStartingWith("x.json: a .json file must be one array");
        assertThatThrownBy(() -> open(write("x.csv", "a,b")))
                .hasMessageStartingWith("x.csv: unknown kind of data file");
        assertThatThrownBy(() -> open(new DataFile(folder.resolve("no.jsonl"), "no.jsonl", DataFormat.Auto)))
                .hasMessage("no.jsonl: there is no such data file");
    }

    @Test
    void givenABadElementOfAnArrayWhenOpenedThenIndexAndLineAreNamed() throws IOException {
        String good = "[" + sample("ja") + ",\n" + sample("ja") + ",\n";
        assertThatThrownBy(() -> open(write("x.json", good + "{\"messages\": 3}]")))
                .hasMessageStartingWith("x.json[2] (line 3): `messages` must be an array");
        assertThatThrownBy(() -> open(write("x.json", good + "{\"messages\": }]")))
                .hasMessageStartingWith("x.json[2] (line 3): invalid JSON: ");
        assertThatThrownBy(() -> open(write("x.json", good)))
                .hasMessageStartingWith("x.json[2] (line 3): invalid JSON: ");
        assertThatThrownBy(() -> open(write("x.json", good + "7]")))
                .hasMessageStartingWith("x.json[2] (line 3): a sample must be a JSON object, not number");
        assertThatThrownBy(() -> open(write("x.json", "[" + sample("ja") + "] []")))
                .hasMessageStartingWith("x.json: there is something after the array");
    }

    @Test
    void givenInvalidUtf8WhenOpenedThenTheLineIsNamed() throws IOException {
        byte[] bytes = sample("jX").getBytes(StandardCharsets.ISO_8859_1);
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 'X') {
                bytes[i] = (byte) 0xE4;
            }
        }
        Path path = Files.write(folder.resolve("latin.jsonl"), bytes);
        assertThatThrownBy(() -> open(new DataFile(path, "latin.jsonl", DataFormat.Auto)))
                .hasMessageStartingWith("latin.jsonl:1: invalid JSON")
                .hasMessageContaining("UTF-8");
    }

    @Test
    void givenACacheWhenSamplesAreAskedForAgainThenThoseWithinItsBytesAreNotEncodedAgain() throws IOException {
        DataFile file = write("train.jsonl", (sample("ja") + "\n").repeat(3));
        // a sample of the fake processor counts 128 + 8 bytes: two fit
        Dataset dataset = Dataset.open(List.of(file), MediaRoot.open(folder), this::encode, 300);
        EncodedSample first = dataset.get(0);
        dataset.get(1);
        dataset.get(2);
        assertThat(encoded).hasValue(3);
        assertThat(dataset.get(0)).isSameAs(first);
        dataset.get(1);
        assertThat(encoded).hasValue(3);
        dataset.get(2);
        assertThat(encoded).hasValue(4);
    }

    private void refused(String content, String message) throws IOException {
        DataFile file = write("train.jsonl", content);
        assertThatThrownBy(() -> open(file))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessageStartingWith(message);
    }

    private Dataset open(DataFile... files) {
        return Dataset.open(List.of(files), MediaRoot.open(folder), this::encode);
    }

    private EncodedSample encode(Conversation conversation) {
        encoded.incrementAndGet();
        return new EncodedSample(conversation.location().toString(), new int[] {1}, new int[] {1}, List.of());
    }

    private static String answer(Dataset dataset, int index) {
        return ((Content.Text)
                        dataset.conversation(index).turns().getLast().content().getFirst())
                .text();
    }

    private DataFile write(String name, String content) throws IOException {
        return new DataFile(Files.writeString(folder.resolve(name), content), name, DataFormat.Auto);
    }

    private static String sample(String answer) {
        return "{\"messages\": [{\"role\": \"user\", \"content\": \"<image>?\"}, {\"role\": \"assistant\", \"content\": \""
                + answer + "\"}], \"images\": [\"a.png\"]}";
    }
}
