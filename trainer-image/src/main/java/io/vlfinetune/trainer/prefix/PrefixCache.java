package io.vlfinetune.trainer.prefix;

import io.vlfinetune.trainer.data.ContentKey;
import io.vlfinetune.trainer.model.PrefixStore;
import io.vlfinetune.trainer.source.Folders;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Units of one frozen prefix in a file under scratch. What is in stays in, and when it is full nothing more is stored: an
 * epoch visits every sample once, so that whatever were evicted would be what comes next. A resumed attempt finds what
 * the one before stored. It never fails a run: where the disk refuses, it says so once and what is not stored is
 * computed.
 *
 * <p>Used by one thread, but for {@link #holds} and {@link #isFull}.
 */
public final class PrefixCache implements PrefixStore, AutoCloseable {
    private static final String FILE = "units";

    private final Path folder;
    private final long cap;
    private final Consumer<String> log;
    private final Map<ContentKey, Place> places = new ConcurrentHashMap<>();
    private final @Nullable UnitFile file;
    private volatile boolean full;
    private long hits;
    private long misses;
    private long nanosecondsSaved;

    /** Where a unit's arrays begin. */
    private record Place(StoredUnit unit, long begin) {}

    /**
     * Opens the cache of one prefix and removes those of others.
     *
     * @param root folder of all prefix caches
     * @param digest of everything that decides what the prefix makes of a unit
     * @param cap how many bytes may be stored
     * @param log told what happens, a line each
     */
    public PrefixCache(Path root, String digest, long cap, Consumer<String> log) {
        this.folder = root.resolve(digest);
        this.cap = cap;
        this.log = log;
        this.file = open(root);
    }

    private @Nullable UnitFile open(Path root) {
        try {
            removeOthers(root, folder);
            Files.createDirectories(folder);
            UnitFile made = UnitFile.open(
                    folder.resolve(FILE), (unit, begin) -> places.put(unit.key(), new Place(unit, begin)));
            if (!places.isEmpty()) {
                log.accept("prefix cache: %,d units of an earlier attempt, %,d MiB"
                        .formatted(places.size(), made.size() >> 20));
            }
            return made;
        } catch (IOException problem) {
            full = true;
            log.accept("prefix cache off: " + folder + " cannot be used: " + problem);
            return null;
        }
    }

    /** Removes the caches of all prefixes. */
    public static void removeAll(Path root) throws IOException {
        Folders.delete(root);
    }

    /** How many bytes an earlier attempt stored for a prefix. */
    public static long stored(Path root, String digest) {
        return root.resolve(digest).resolve(FILE).toFile().length();
    }

    private static void removeOthers(Path root, Path kept) throws IOException {
        if (!Files.isDirectory(root)) {
            return;
        }
        try (Stream<Path> all = Files.list(root)) {
            for (Path other : all.filter(one -> !one.equals(kept)).toList()) {
                Folders.delete(other);
            }
        }
    }

    /** Whether a unit is stored. It stays so, unless the file is damaged. */
    public boolean holds(ContentKey key) {
        return places.containsKey(key);
    }

    /** Whether nothing more is stored. */
    public boolean isFull() {
        return full;
    }

    @Override
    public @Nullable Entry find(ContentKey key) {
        Place place = places.get(key);
        if (place == null) {
            misses++;
            return null;
        }
        return new Entry() {
            @Override
            public List<Kind> kinds() {
                return place.unit.kinds();
            }

            @Override
            public boolean read(List<MemorySegment> targets) {
                return PrefixCache.this.read(place, targets);
            }
        };
    }

    private boolean read(Place place, List<MemorySegment> targets) {
        long begun = System.nanoTime();
        String trouble = "it is not what was written";
        try {
            if (file != null && file.read(place.unit, place.begin, targets)) {
                hits++;
                nanosecondsSaved += place.unit.nanoseconds() - (System.nanoTime() - begun);
                return true;
            }
        } catch (IOException problem) {
            trouble = problem.toString();
        }
        misses++;
        places.remove(place.unit.key());
        log.accept("prefix cache: a unit cannot be read and is computed again: " + trouble);
        return false;
    }

    @Override
    public void keep(ContentKey key, List<Kind> kinds, List<MemorySegment> arrays, long nanoseconds) {
        if (file == null || full || places.containsKey(key)) {
            return;
        }
        StoredUnit unit = new StoredUnit(key, nanoseconds, UnitFile.checksum(arrays), kinds);
        if (file.size() + unit.headerBytes() + unit.arrayBytes() > cap) {
            stop("it has reached its %,d MiB".formatted(cap >> 20));
            return;
        }
        try {
            places.put(key, new Place(unit, file.append(unit, arrays)));
        } catch (IOException problem) {
            stop("scratch refuses: " + problem);
        }
    }

    private void stop(String why) {
        full = true;
        log.accept(
                "prefix cache: nothing more is stored, since %s; %,d units stay in use".formatted(why, places.size()));
    }

    /** What it did so far. */
    public CacheStatistics statistics() {
        return new CacheStatistics(hits, misses, file == null ? 0 : file.size(), nanosecondsSaved / 1e9);
    }

    /** Closes it and removes what is stored; from then on it holds nothing and takes nothing. */
    public void drop() {
        full = true;
        places.clear();
        close();
        try {
            Folders.delete(folder);
        } catch (IOException problem) {
            log.accept("prefix cache: " + folder + " cannot be removed: " + problem);
        }
    }

    /** Closes it; what is stored stays for the next attempt. */
    @Override
    public void close() {
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException problem) {
            log.accept("prefix cache: " + folder + " cannot be closed: " + problem);
        }
    }
}
