package io.vlfinetune.trainer.prefix;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.LongStream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Units behind each other in a file that only grows. It is read and written by position and not through a mapping: a
 * full disk is then an exception and not a signal, pages of the file do not count as this process's memory, and the
 * engine gets memory of its own with the alignment it gives to every array. The page cache serves both alike.
 */
final class UnitFile implements AutoCloseable {
    private static final int PIECE = 1 << 26;

    private final FileChannel channel;
    private long end;

    private UnitFile(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Opens a file, or makes it. What was torn when an earlier attempt ended is cut off.
     *
     * @param found told every unit and where its arrays begin
     */
    static UnitFile open(Path file, BiConsumer<StoredUnit, Long> found) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            UnitFile made = new UnitFile(channel);
            made.scan(found);
            return made;
        } catch (IOException | RuntimeException problem) {
            channel.close();
            throw problem;
        }
    }

    private void scan(BiConsumer<StoredUnit, Long> found) throws IOException {
        long size = channel.size();
        StoredUnit unit = unitAt(0, size);
        while (unit != null) {
            long arrays = end + unit.headerBytes();
            long next = arrays + unit.arrayBytes();
            StoredUnit after = unitAt(next, size);
            // Only the last one can be torn: each was written before the next began. All are checked when read.
            if (after == null && !isWhole(unit, arrays)) {
                break;
            }
            found.accept(unit, arrays);
            end = next;
            unit = after;
        }
        if (end < size) {
            channel.truncate(end);
        }
    }

    /** The unit that begins at a place; null if none does, or not all of it is there. */
    private @Nullable StoredUnit unitAt(long at, long size) throws IOException {
        if (at + StoredUnit.PREAMBLE > size) {
            return null;
        }
        ByteBuffer preamble = ByteBuffer.allocate(StoredUnit.PREAMBLE);
        read(preamble, at);
        int length = StoredUnit.length(preamble.flip());
        if (length == 0 || at + length > size) {
            return null;
        }
        ByteBuffer header = ByteBuffer.allocate(length);
        read(header, at);
        StoredUnit unit = StoredUnit.read(header.array());
        return unit == null || at + length + unit.arrayBytes() > size ? null : unit;
    }

    private boolean isWhole(StoredUnit unit, long arrays) throws IOException {
        CRC32C sum = new CRC32C();
        long left = unit.arrayBytes();
        ByteBuffer piece = ByteBuffer.allocate((int) Math.min(left, 1 << 20));
        for (long at = arrays; left > 0; ) {
            piece.clear().limit((int) Math.min(left, piece.capacity()));
            at += read(piece, at);
            left -= piece.position();
            sum.update(piece.flip());
        }
        return (int) sum.getValue() == unit.checksum();
    }

    private int read(ByteBuffer target, long from) throws IOException {
        int wanted = target.remaining();
        long at = from;
        while (target.hasRemaining()) {
            int read = channel.read(target, at);
            if (read < 0) {
                throw new EOFException("the file became shorter while it was read");
            }
            at += read;
        }
        return wanted;
    }

    /** Bytes of all units. */
    long size() {
        return end;
    }

    /**
     * Appends a unit; nothing of it stays if that fails.
     *
     * @return where its arrays begin
     */
    long append(StoredUnit unit, List<MemorySegment> arrays) throws IOException {
        long begin = end + unit.headerBytes();
        try {
            write(unit.header(), end);
            long at = begin;
            for (MemorySegment array : arrays) {
                for (MemorySegment piece : pieces(array)) {
                    write(piece.asByteBuffer(), at);
                    at += piece.byteSize();
                }
            }
            end = at;
            return begin;
        } catch (IOException problem) {
            channel.truncate(end);
            throw problem;
        }
    }

    private void write(ByteBuffer bytes, long from) throws IOException {
        long at = from;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }

    /** Reads arrays into memory; false if they are not what was written. */
    boolean read(StoredUnit unit, long begin, List<MemorySegment> targets) throws IOException {
        CRC32C sum = new CRC32C();
        long at = begin;
        for (MemorySegment target : targets) {
            for (MemorySegment piece : pieces(target)) {
                at += read(piece.asByteBuffer(), at);
                sum.update(piece.asByteBuffer());
            }
        }
        return (int) sum.getValue() == unit.checksum();
    }

    /** CRC32C over arrays. */
    static int checksum(List<MemorySegment> arrays) {
        CRC32C sum = new CRC32C();
        arrays.forEach(array -> pieces(array).forEach(piece -> sum.update(piece.asByteBuffer())));
        return (int) sum.getValue();
    }

    private static List<MemorySegment> pieces(MemorySegment all) {
        return LongStream.range(0, Math.ceilDiv(all.byteSize(), PIECE))
                .mapToObj(i -> all.asSlice(i * PIECE, Math.min(PIECE, all.byteSize() - i * PIECE)))
                .toList();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
