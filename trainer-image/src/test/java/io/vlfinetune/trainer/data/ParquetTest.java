package io.vlfinetune.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.api.DataFormat;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads files that pyarrow wrote; see make_parquet_samples.py beside them. */
class ParquetTest {
    private static final int ROWS = 7;
    private static final List<String> NAMES = List.of("rgb.png", "grey.png", "palette.png", "rgba.png", "bit.png");

    private final Path folder = Fixtures.pillow().resolveSibling("parquet");

    @TempDir
    private Path scratch;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "codec-none",
                "codec-snappy",
                "codec-gzip",
                "codec-zstd",
                "codec-lz4",
                "page-index",
                "page-v2",
                "old-lists",
                "parts",
                "json"
            })
    void givenMessagesWithAListOfImagesWhenRowsAreReadInAnyOrderThenTheyAreThoseOfTheFile(String name)
            throws IOException {
        Dataset dataset = open(name);

        assertThat(dataset.size()).isEqualTo(ROWS);
        for (int row : shuffled()) {
            // 0, 1, 2, 0, … images: text alone stands between samples with images
            check(dataset, row, row % 3, "Question " + row + "?");
        }
    }

    @ParameterizedTest
    @CsvSource({"image,LLaVA", "image,ShareGPT", "binary,LLaVA", "image,Auto", "binary,Auto"})
    void givenConversationsWithOneImageWhenReadThenBytesComeFromAStructOrFromPlainBinary(String name, DataFormat format)
            throws IOException {
        Dataset dataset = open(file(name, format));
        for (int row : shuffled()) {
            check(dataset, row, row % 2, (row % 2 == 1 ? "\n" : "") + "Question " + row + "?");
        }
        assertThat(dataset.location(5)).hasToString(name + ".parquet[5]");
    }

    @Test
    void givenAPathInPlaceOfBytesWhenReadThenItIsAnImageBeneathTheMediaRoot() throws IOException {
        assertThatThrownBy(() -> open("paths"))
                .hasMessageStartingWith("paths.parquet[0]: image a.png is missing beneath data.mediaRoot");
        Files.copy(Fixtures.llava().resolve("sample.png"), scratch.resolve("a.png"));
        assertThat(open("paths").conversation(1).images()).containsExactly(new Content.Image("a.png").asMark());
    }

    @Test
    void givenParquetBetweenOtherFilesWhenOpenedThenTheirSamplesFollowEachOther() throws IOException {
        Path lines = Files.writeString(scratch.resolve("train.jsonl"), """
                {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]}
                """);
        DataFile text = new DataFile(lines, "train.jsonl", DataFormat.Auto);
        Dataset dataset = open(text, file("codec-zstd", DataFormat.Auto), text);
        assertThat(dataset.size()).isEqualTo(9);
        assertThat(dataset.location(0)).hasToString("train.jsonl:1");
        assertThat(dataset.location(1)).hasToString("codec-zstd.parquet[0]");
        assertThat(dataset.location(8)).hasToString("train.jsonl:1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"codec-snappy", "page-index"})
    void givenSeveralThreadsWhenTheyReadTheSameFileThenEachGetsItsRow(String name) throws Exception {
        Dataset dataset = open(name);
        try (var threads = Executors.newFixedThreadPool(4)) {
            List<Callable<Conversation>> reads = IntStream.range(0, 40)
                    .mapToObj(i -> (Callable<Conversation>) () -> dataset.conversation(i % ROWS))
                    .toList();
            List<Future<Conversation>> read = threads.invokeAll(reads);
            for (int i = 0; i < read.size(); i++) {
                assertThat(read.get(i).get().location().element()).isEqualTo(i % ROWS);
                assertThat(read.get(i).get().images()).hasSize(i % ROWS % 3);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            bad-marks     | [5]: 2 <image> marks but 1 image; give as many images as marks
            bad-image     | [5]: `images[1]` has neither `bytes` nor a `path`
            bad-json      | [5]: the text in column `messages` is invalid JSON: Unexpected end-of-input
            bomb-elements | [0]: the row cannot be read: it is larger than 536,870,912 bytes
            bomb-value    | [0]: the row cannot be read: a page of 629,145,
            no-dialogue   | : cannot tell the format: found the columns text, image; expected `messages` (OpenAI)
            codec-brotli  | [0]: the row cannot be read: its pages are compressed with BROTLI, which is not read; write the file with zstd, snappy, gzip or none
            """)
    void givenABadRowWhenOpenedThenFileAndRowAreNamed(String name, String problem) {
        assertThatThrownBy(() -> open(name))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessageStartingWith(name + ".parquet" + problem);
    }

    @Test
    void givenABrokenImageInARowWhenLoadedThenRowAndNameOfTheImageAreNamed() throws IOException {
        Conversation conversation = open("broken-image").conversation(5);
        MediaRoot media = MediaRoot.open(scratch);
        assertThatThrownBy(() -> media.load(conversation.images().get(1), conversation.location()))
                .hasMessageStartingWith("broken-image.parquet[5]: image x.gif is broken: it is a GIF");
    }

    @Test
    void givenFilesThatAreNoParquetWhenOpenedThenTheFileIsNamed() throws IOException {
        byte[] whole = Files.readAllBytes(folder.resolve("codec-snappy.parquet"));
        refused("empty", new byte[0], ": it is not a whole Parquet file: ");
        refused(
                "text",
                "hello, this is no Parquet file".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                ": it is not");
        for (int length : new int[] {4, 12, whole.length / 2, whole.length - 1}) {
            refused("cut-" + length, Arrays.copyOf(whole, length), ": it is not a whole Parquet file: ");
        }
    }

    /** Whatever byte is wrong, there is one message with the file, and no other exception. */
    @ParameterizedTest
    @ValueSource(strings = {"codec-snappy", "codec-gzip", "codec-zstd", "page-index"})
    void givenDamagedBytesWhenOpenedAndReadThenItIsReadOrRefusedButNeverFailsOtherwise(String name) throws IOException {
        byte[] whole = Files.readAllBytes(folder.resolve(name + ".parquet"));
        var random = new Random(5);
        int refused = 0;
        for (int round = 0; round < 60; round++) {
            byte[] bytes = whole.clone();
            // half of them in the footer, where sizes and places stand
            int from = round % 2 == 0 ? 4 : bytes.length - 2500;
            for (int i = 0; i < 4; i++) {
                bytes[from + random.nextInt(bytes.length - 8 - from)] = (byte) random.nextInt(256);
            }
            Path path = Files.write(scratch.resolve("damaged.parquet"), bytes);
            try {
                Dataset dataset = open(new DataFile(path, "damaged.parquet", DataFormat.Auto));
                for (int row = 0; row < dataset.size(); row++) {
                    dataset.conversation(row);
                }
            } catch (TrainerException e) {
                refused++;
                assertThat(e.reason()).isEqualTo(Reason.DataInvalid);
                assertThat(e).hasMessageStartingWith("damaged.parquet");
            }
        }
        assertThat(refused).isPositive();
    }

    private void refused(String name, byte[] bytes, String problem) throws IOException {
        Path path = Files.write(scratch.resolve(name + ".parquet"), bytes);
        assertThatThrownBy(() -> open(new DataFile(path, name + ".parquet", DataFormat.Auto)))
                .as(name)
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessageStartingWith(name + ".parquet" + problem);
    }

    private void check(Dataset dataset, int row, int images, String question) throws IOException {
        Conversation conversation = dataset.conversation(row);
        assertThat(conversation.location().element()).isEqualTo(row);
        assertThat(conversation.turns().getLast())
                .isEqualTo(new Turn(Speaker.Assistant, List.of(new Content.Text("Answer " + row + " €."))));
        assertThat(conversation.turns().getFirst().content().getLast()).isEqualTo(new Content.Text(question));
        assertThat(conversation.images()).hasSize(images);
        for (int i = 0; i < images; i++) {
            byte[] expected = Files.readAllBytes(Fixtures.pillow().resolve("modes", NAMES.get((row + i) % 5)));
            assertThat(conversation.images().get(i).bytes().file()).isEqualTo(expected);
        }
    }

    private static List<Integer> shuffled() {
        var rows = new ArrayList<>(IntStream.range(0, ROWS).boxed().toList());
        Collections.shuffle(rows, new Random(1));
        return rows;
    }

    private Dataset open(String name) {
        return open(file(name, DataFormat.Auto));
    }

    private Dataset open(DataFile... files) {
        return Dataset.open(List.of(files), MediaRoot.open(scratch), conversation -> {
            throw new AssertionError("nothing is encoded here");
        });
    }

    private DataFile file(String name, DataFormat format) {
        return new DataFile(folder.resolve(name + ".parquet"), name + ".parquet", format);
    }
}
