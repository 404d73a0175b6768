package io.vlfinetune.trainer.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.trainer.data.ContentKey;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.model.PrefixStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrefixCacheTest {
    private static final long ROOM = 1 << 20;

    /** Hidden states in one type and a carried array in another. */
    private static final List<PrefixStore.Kind> KINDS = List.of(
            new PrefixStore.Kind(DType.F32, List.of(1L, 5L, 4L)), new PrefixStore.Kind(DType.BF16, List.of(3L, 7L)));

    @TempDir
    private Path root;

    private final Arena arena = Arena.ofConfined();
    private final List<String> log = new ArrayList<>();

    @AfterEach
    void free() {
        arena.close();
    }

    private PrefixCache open(String digest, long cap) {
        return new PrefixCache(root, digest, cap, log::add);
    }

    private static ContentKey key(int number) {
        return new ContentKey(number, 2, 3, -4);
    }

    private List<MemorySegment> room() {
        return KINDS.stream().map(kind -> arena.allocate(kind.bytes(), 4)).toList();
    }

    private List<MemorySegment> arrays(int number) {
        List<MemorySegment> made = room();
        for (MemorySegment array : made) {
            for (long i = 0; i < array.byteSize(); i++) {
                array.set(ValueLayout.JAVA_BYTE, i, (byte) (7 * i + number));
            }
        }
        return made;
    }

    private void keep(PrefixCache cache, int number) {
        cache.keep(key(number), KINDS, arrays(number), 5_000_000_000L);
    }

    private void assertReads(PrefixCache cache, int number) {
        PrefixStore.Entry entry = cache.find(key(number));
        assertThat(entry).as("unit " + number).isNotNull();
        assertThat(entry.kinds()).isEqualTo(KINDS);
        List<MemorySegment> read = room();
        assertThat(entry.read(read)).isTrue();
        assertThat(bytes(read)).isEqualTo(bytes(arrays(number)));
    }

    private static List<List<Byte>> bytes(List<MemorySegment> arrays) {
        return arrays.stream()
                .map(array -> Stream.iterate(0L, i -> i + 1)
                        .limit(array.byteSize())
                        .map(i -> array.get(ValueLayout.JAVA_BYTE, i))
                        .toList())
                .toList();
    }

    @Test
    void givenUnitsWhenStoredThenTheyAreReadBackAndCounted() {
        try (PrefixCache cache = open("a", ROOM)) {
            assertThat(cache.find(key(1))).isNull();
            keep(cache, 1);
            keep(cache, 2);
            keep(cache, 2);
            assertReads(cache, 2);
            assertReads(cache, 1);
            assertReads(cache, 1);
            CacheStatistics made = cache.statistics();
            assertThat(made.hits()).isEqualTo(3);
            assertThat(made.misses()).isEqualTo(1);
            assertThat(made.bytes()).isEqualTo(root.resolve("a/units").toFile().length());
            // Three units that took five seconds each to make, less what reading took, which is the machine's affair.
            assertThat(made.secondsSaved()).isPositive().isLessThanOrEqualTo(15);
        }
        assertThat(log).isEmpty();
    }

    @Test
    void givenAnEarlierAttemptThenItsUnitsAreThere() {
        try (PrefixCache cache = open("a", ROOM)) {
            keep(cache, 1);
            keep(cache, 2);
        }
        assertThat(PrefixCache.stored(root, "a")).isPositive();
        try (PrefixCache cache = open("a", ROOM)) {
            assertThat(cache.holds(key(2))).isTrue();
            assertReads(cache, 1);
            keep(cache, 3);
            assertReads(cache, 3);
        }
        assertThat(log).containsExactly("prefix cache: 2 units of an earlier attempt, 0 MiB");
    }

    /** Within the arrays, within the header, and all but the first byte. */
    @ParameterizedTest
    @ValueSource(longs = {1, 100, 130, 200, 232})
    void givenATornEndThenOnlyTheLastUnitIsLostAndTheFileGoesOnBehindTheOthers(long torn) throws IOException {
        try (PrefixCache cache = open("a", ROOM)) {
            keep(cache, 1);
            keep(cache, 2);
        }
        Damage.cut(root.resolve("a/units"), torn);
        try (PrefixCache cache = open("a", ROOM)) {
            assertReads(cache, 1);
            assertThat(cache.holds(key(2))).isFalse();
            keep(cache, 3);
            assertReads(cache, 3);
        }
        try (PrefixCache cache = open("a", ROOM)) {
            assertReads(cache, 1);
            assertReads(cache, 3);
        }
    }

    @Test
    void givenAnEndOfTheRightLengthAndOtherBytesThenItIsNotTrusted() throws IOException {
        try (PrefixCache cache = open("a", ROOM)) {
            keep(cache, 1);
            keep(cache, 2);
        }
        Damage.flipLastByte(root.resolve("a/units"));
        try (PrefixCache cache = open("a", ROOM)) {
            assertReads(cache, 1);
            assertThat(cache.holds(key(2))).isFalse();
        }
    }

    @Test
    void givenDamageWhileItIsOpenThenTheUnitIsRefusedAndCanBeStoredAgain() throws IOException {
        try (PrefixCache cache = open("a", ROOM)) {
            keep(cache, 1);
            PrefixStore.Entry entry = cache.find(key(1));
            assertThat(entry).isNotNull();
            Damage.flipLastByte(root.resolve("a/units"));
            assertThat(entry.read(room())).isFalse();
            assertThat(cache.holds(key(1))).isFalse();
            keep(cache, 1);
            assertReads(cache, 1);
        }
        assertThat(log).hasSize(1).first().asString().contains("is computed again");
    }

    @Test
    void givenACapThenWhatIsInStaysInAndNothingMoreIsStored() {
        try (PrefixCache cache = open("a", 500)) {
            keep(cache, 1);
            keep(cache, 2);
            assertThat(cache.isFull()).isFalse();
            keep(cache, 3);
            keep(cache, 4);
            assertThat(cache.isFull()).isTrue();
            assertReads(cache, 1);
            assertReads(cache, 2);
            assertThat(cache.holds(key(3))).isFalse();
        }
        assertThat(log)
                .containsExactly(
                        "prefix cache: nothing more is stored, since it has reached its 0 MiB; 2 units stay in use");
    }

    @Test
    void givenAnotherPrefixThenWhatTheOldOneStoredIsRemoved() {
        try (PrefixCache cache = open("old", ROOM)) {
            keep(cache, 1);
        }
        try (PrefixCache cache = open("new", ROOM)) {
            assertThat(cache.holds(key(1))).isFalse();
            assertThat(root.resolve("old")).doesNotExist();
        }
    }

    @Test
    void givenItIsDroppedThenNothingIsLeft() {
        PrefixCache cache = open("a", ROOM);
        keep(cache, 1);
        cache.drop();
        assertThat(root).isEmptyDirectory();
        assertThat(cache.holds(key(1))).isFalse();
        assertThat(cache.find(key(1))).isNull();
        keep(cache, 2);
        assertThat(cache.holds(key(2))).isFalse();
        assertThat(cache.isFull()).isTrue();
        assertThat(log).isEmpty();
    }

    @Test
    void givenAFolderThatCannotBeMadeThenItStoresNothingAndSaysSoOnce() throws IOException {
        Path file = Files.writeString(root.resolve("file"), "in the way");
        try (PrefixCache cache = new PrefixCache(file, "a", ROOM, log::add)) {
            assertThat(cache.isFull()).isTrue();
            keep(cache, 1);
            assertThat(cache.find(key(1))).isNull();
            assertThat(cache.statistics().bytes()).isZero();
        }
        assertThat(log).hasSize(1).first().asString().startsWith("prefix cache off: ");
    }

    /** A device that is always full. */
    @Test
    void givenADiskThatRefusesThenItStopsStoringAndSaysSoOnce() throws IOException {
        Files.createDirectories(root.resolve("a"));
        Path link = Files.createSymbolicLink(root.resolve("a").resolve("units"), Path.of("/dev/full"));
        try (PrefixCache cache = open("a", ROOM)) {
            keep(cache, 1);
            keep(cache, 2);
            assertThat(cache.isFull()).isTrue();
            assertThat(cache.holds(key(1))).isFalse();
        }
        Files.delete(link);
        assertThat(log).hasSize(1).first().asString().contains("scratch refuses: ");
    }
}
