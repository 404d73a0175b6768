package io.vlfinetune.trainer.weights;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.Ops;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Map;

/**
 * A mapped safetensors file, checked when opened. Nothing but its header is read until bytes are asked for, and the
 * engine is needed only by {@link #view}. Arrays over the mapping must not outlive it.
 */
public final class Safetensors implements AutoCloseable {
    /** The format's own limit, so that a damaged length does not become an allocation. */
    private static final long LONGEST_HEADER = 100_000_000;

    private static final int PIECE = 1 << 26;
    private static final int SMALL_PIECE = 1 << 20;

    private final Path file;
    private final Arena arena;
    private final MemorySegment data;
    private final long dataStart;
    private final SafetensorsHeader.Content header;

    private Safetensors(Path file, Arena arena, MemorySegment data, long dataStart, SafetensorsHeader.Content header) {
        this.file = file;
        this.arena = arena;
        this.data = data;
        this.dataStart = dataStart;
        this.header = header;
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported, naming the file and the tensor, if the file is
     *     damaged, cut short, or holds types that are not supported
     * @throws UncheckedIOException if the file cannot be read
     */
    public static Safetensors open(Path file) {
        Arena arena = Arena.ofShared();
        try {
            return open(file, arena);
        } catch (IOException problem) {
            arena.close();
            throw new UncheckedIOException(file + " cannot be read: " + problem.getMessage(), problem);
        } catch (RuntimeException problem) {
            arena.close();
            throw problem;
        }
    }

    private static Safetensors open(Path file, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            long size = channel.size();
            if (size < 8) {
                throw SafetensorsHeader.broken(
                        file, size + " bytes are too few for a safetensors file; it is not complete; fetch it again");
            }
            MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
            long length = all.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
            if (length < 2 || length > Math.min(size - 8, LONGEST_HEADER)) {
                throw SafetensorsHeader.broken(
                        file,
                        "a header of " + Long.toUnsignedString(length) + " bytes in a file of " + size
                                + " bytes; the file is no safetensors file or not complete; fetch it again");
            }
            byte[] header = all.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
            long start = 8 + length;
            return new Safetensors(
                    file, arena, all.asSlice(start), start, SafetensorsHeader.read(file, header, size - start));
        }
    }

    /** The file. */
    public Path file() {
        return file;
    }

    /** The tensors by name, in the header's order. */
    public Map<String, TensorInfo> tensors() {
        return header.tensors();
    }

    /** The free text of the header. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** The entry of a tensor that must be there. */
    public TensorInfo info(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw SafetensorsHeader.broken(file, "tensor " + name + ": not in this file");
        }
        return info;
    }

    /** A tensor's bytes, mapped and read-only. */
    public MemorySegment bytes(String name) {
        TensorInfo info = info(name);
        return data.asSlice(info.start(), info.bytes());
    }

    /** The tensor over the file's own pages; the caller closes the array before this. */
    public NDArray view(Ops ops, String name) {
        TensorInfo info = info(name);
        return ops.over(bytes(name), info.dtype(), info.axes());
    }

    /** Copies a tensor's bytes without touching the mapping, whose pages would count as this process's memory. */
    public void read(String name, MemorySegment target) {
        TensorInfo info = info(name);
        if (target.byteSize() != info.bytes()) {
            throw new IllegalArgumentException(target.byteSize() + " bytes for " + info);
        }
        try (FileChannel channel = FileChannel.open(file)) {
            for (long done = 0; done < info.bytes(); ) {
                MemorySegment piece = target.asSlice(done, Math.min(PIECE, info.bytes() - done));
                int read = channel.read(piece.asByteBuffer(), dataStart + info.start() + done);
                if (read < 0) {
                    throw new EOFException("the file became shorter while it was read");
                }
                done += read;
            }
        } catch (IOException problem) {
            throw new UncheckedIOException(
                    file + ": tensor " + name + " cannot be read: " + problem.getMessage(), problem);
        }
    }

    /** What is done with a piece of a tensor. */
    interface PieceReader {
        /**
         * Reads a piece.
         *
         * @return whether more is wanted
         */
        boolean read(ByteBuffer piece) throws IOException;
    }

    /** Reads a tensor piece by piece, without touching the mapping. */
    void eachPiece(String name, PieceReader reader) throws IOException {
        TensorInfo info = info(name);
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(SMALL_PIECE, info.bytes()));
            for (long done = 0; done < info.bytes(); ) {
                buffer.clear().limit((int) Math.min(buffer.capacity(), info.bytes() - done));
                while (buffer.hasRemaining()) {
                    if (channel.read(buffer, dataStart + info.start() + done + buffer.position()) < 0) {
                        throw new EOFException(file + " became shorter while it was read");
                    }
                }
                done += buffer.position();
                if (!reader.read(buffer.flip())) {
                    return;
                }
            }
        }
    }

    /**
     * Whether two files hold the same bytes of the same type under a name; neither mapping is touched.
     *
     * @throws UncheckedIOException if one cannot be read
     */
    public boolean holdsTheSame(String name, Safetensors other) {
        TensorInfo mine = info(name);
        TensorInfo others = other.info(name);
        if (mine.dtype() != others.dtype() || mine.bytes() != others.bytes()) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(other.file)) {
            ByteBuffer beside = ByteBuffer.allocate((int) Math.min(SMALL_PIECE, mine.bytes()));
            long[] at = {other.dataStart + others.start()};
            boolean[] same = {true};
            eachPiece(name, piece -> {
                beside.clear().limit(piece.remaining());
                while (beside.hasRemaining()) {
                    if (channel.read(beside, at[0] + beside.position()) < 0) {
                        throw new EOFException(other.file + " became shorter while it was read");
                    }
                }
                at[0] += beside.position();
                same[0] = piece.equals(beside.flip());
                return same[0];
            });
            return same[0];
        } catch (IOException problem) {
            throw new UncheckedIOException(
                    file + " and " + other.file + ": tensor " + name + " cannot be compared: " + problem.getMessage(),
                    problem);
        }
    }

    /** Takes the mapping away. Arrays over it must be closed before. */
    @Override
    public void close() {
        arena.close();
    }
}
