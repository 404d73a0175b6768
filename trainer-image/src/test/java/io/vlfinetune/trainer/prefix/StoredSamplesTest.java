package io.vlfinetune.trainer.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.DataFormat;
import io.vlfinetune.trainer.data.ContentKey;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.DataFile;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.model.FrozenPrefix;
import io.vlfinetune.trainer.model.PrefixStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images are decoded once, unless what was made of them is not stored. */
class StoredSamplesTest {
    private static final String SAMPLE =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"?\"}, {\"role\": \"assistant\", \"content\": \"!\"}]}\n";

    private static final PrefixStore.Kind KIND = new PrefixStore.Kind(DType.F32, List.of(1L, 2L));

    @TempDir
    private Path folder;

    /** Lines of the samples that were encoded. */
    private final List<Integer> encoded = new ArrayList<>();

    private Dataset dataset;

    @BeforeEach
    void prepare() throws IOException {
        Path file = Files.writeString(folder.resolve("t.jsonl"), SAMPLE.repeat(3));
        dataset = Dataset.open(
                List.of(new DataFile(file, "t.jsonl", DataFormat.Auto)), MediaRoot.open(folder), this::encode, 1 << 20);
    }

    /** The third sample has no image. */
    private EncodedSample encode(Conversation conversation) {
        int line = conversation.location().line();
        encoded.add(line);
        List<Pixels> images = line == 3 ? List.of() : List.of(Pixels.tile(new float[] {line, 1, 2, 3, 4, 5}, 1, 2));
        return new EncodedSample("t.jsonl:" + line, new int[] {line, 5}, new int[] {-100, 5}, images);
    }

    private PrefixCache cache(long cap) {
        return new PrefixCache(folder.resolve("cache"), "a", cap, line -> {});
    }

    private static void keep(PrefixCache cache, ContentKey key) {
        try (Arena arena = Arena.ofConfined()) {
            cache.keep(key, List.of(KIND), List.of(arena.allocate(KIND.bytes())), 1);
        }
    }

    @Test
    void givenImagesWhoseUnitsAreStoredThenTheirSamplesAreNotEncodedAgain() {
        try (PrefixCache cache = cache(1 << 20)) {
            StoredSamples samples = new StoredSamples(dataset, FrozenPrefix.Unit.Image, cache, 1 << 20);
            keep(cache, samples.get(0).images().getFirst().key());
            samples.get(1);
            samples.get(2);
            encoded.clear();

            EncodedSample stored = samples.get(0);
            assertThat(samples.get(1).images().getFirst().values()[0]).isEqualTo(2);
            assertThat(samples.get(2).inputIds()).containsExactly(3, 5);
            assertThat(encoded).as("stored, not stored, no image").containsExactly(2);

            assertThat(stored.inputIds()).containsExactly(1, 5);
            assertThat(stored.labels()).containsExactly(-100, 5);
            assertThat(stored.images().getFirst().shape()).containsExactly(1, 3, 1, 2);
            assertThat(stored.images().getFirst().values()[0])
                    .as("there all the same, for whoever asks")
                    .isEqualTo(1);
            assertThat(encoded).containsExactly(2, 1);
        }
    }

    @Test
    void givenSamplesAsUnitsThenTextAloneIsAUnitToo() {
        try (PrefixCache cache = cache(1 << 20)) {
            StoredSamples samples = new StoredSamples(dataset, FrozenPrefix.Unit.Sample, cache, 1 << 20);
            ContentKey text = samples.get(2).key();
            samples.get(2);
            assertThat(encoded).containsExactly(3, 3);
            keep(cache, text);
            samples.get(2);
            assertThat(encoded).containsExactly(3, 3);
            assertThat(text).isNotEqualTo(samples.get(0).key());
        }
    }

    @Test
    void givenAnAttemptThatGoesOnThenStoredSamplesAreEncodedOnceMoreForTheirKeys() {
        try (PrefixCache cache = cache(1 << 20)) {
            keep(cache, dataset.encode(0).key());
            StoredSamples samples = new StoredSamples(dataset, FrozenPrefix.Unit.Sample, cache, 1 << 20);
            encoded.clear();
            samples.get(0);
            samples.get(0);
            assertThat(encoded).containsExactly(1);
        }
    }

    @Test
    void givenNoRoomForTheirUnitsThenEncodedSamplesThemselvesAreKept() {
        try (PrefixCache cache = cache(10)) {
            keep(cache, new ContentKey(1, 2, 3, 4));
            assertThat(cache.isFull()).isTrue();
            StoredSamples samples = new StoredSamples(dataset, FrozenPrefix.Unit.Image, cache, 1 << 20);
            samples.get(0);
            samples.get(0);
            assertThat(encoded).containsExactly(1);
        }
    }

    @Test
    void givenContentsThenKeysTellThemApartAndNothingElse() {
        Pixels one = Pixels.tile(new float[] {1, 2, 3, 4, 5, 6}, 1, 2);
        assertThat(Pixels.tile(new float[] {1, 2, 3, 4, 5, 6}, 1, 2).key()).isEqualTo(one.key());
        assertThat(Pixels.tile(new float[] {1, 2, 3, 4, 5, 6}, 2, 1).key()).isNotEqualTo(one.key());
        assertThat(Pixels.tile(new float[] {1, 2, 3, 4, 5, 7}, 1, 2).key()).isNotEqualTo(one.key());
        assertThat(Pixels.tile(new float[] {0, 2, 3, 4, 5, 6}, 1, 2).key())
                .isNotEqualTo(
                        Pixels.tile(new float[] {-0f, 2, 3, 4, 5, 6}, 1, 2).key());
        EncodedSample sample = new EncodedSample("a", new int[] {1, 2}, new int[] {3, 4}, List.of(one));
        assertThat(new EncodedSample("b", new int[] {1, 2}, new int[] {3, 4}, List.of(one)).key())
                .isEqualTo(sample.key());
        assertThat(new EncodedSample("a", new int[] {1, 2}, new int[] {3, 5}, List.of(one)).key())
                .isNotEqualTo(sample.key());
        assertThat(new EncodedSample("a", new int[] {1, 2}, new int[] {3, 4}, List.of(one), new int[][] {{0, 1}}).key())
                .isNotEqualTo(sample.key());
    }
}
