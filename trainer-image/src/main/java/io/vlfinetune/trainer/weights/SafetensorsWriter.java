package io.vlfinetune.trainer.weights;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.trainer.engine.Ops;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Writes safetensors files. A file appears under its name only when all of it is on the disk: it is written under
 * another name, synced and renamed.
 */
public final class SafetensorsWriter {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int ALIGNMENT = 8;
    private static final int PIECE = 1 << 26;

    private SafetensorsWriter() {}

    /**
     * Writes one file. Tensors stand in it as the reference implementation orders them: wider elements first, then by
     * name. One tensor at a time is in memory beyond those given.
     *
     * @param tensors contents by name
     * @param metadata free text for the header; Hugging Face's readers want {@code format: pt}
     * @throws UncheckedIOException if the disk refuses; no partial file is left
     */
    public static void write(Path file, Map<String, TensorContent> tensors, Map<String, String> metadata) {
        Path unfinished = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            try (FileChannel out = FileChannel.open(
                    unfinished,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                List<String> order = order(tensors);
                write(out, header(order, tensors, metadata));
                for (String name : order) {
                    write(out, tensor(tensors, name));
                }
                out.force(true);
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            syncFolder(Objects.requireNonNull(file.toAbsolutePath().getParent()));
        } catch (IOException problem) {
            remove(unfinished);
            throw new UncheckedIOException(file + " cannot be written: " + problem.getMessage(), problem);
        }
    }

    private static List<String> order(Map<String, TensorContent> tensors) {
        return tensors.keySet().stream()
                .sorted(Comparator.comparingInt(
                                (String name) -> -tensor(tensors, name).dtype().bytes())
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
    }

    private static ByteBuffer header(
            List<String> order, Map<String, TensorContent> tensors, Map<String, String> metadata) throws IOException {
        ObjectNode header = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode texts = header.putObject("__metadata__");
            metadata.forEach(texts::put);
        }
        long at = 0;
        for (String name : order) {
            TensorContent tensor = tensor(tensors, name);
            ObjectNode entry = header.putObject(name);
            entry.put("dtype", tensor.dtype().name());
            tensor.shape().forEach(entry.putArray("shape")::add);
            long end = at + bytes(tensor);
            entry.putArray("data_offsets").add(at).add(end);
            at = end;
        }
        byte[] text = JSON.writeValueAsBytes(header);
        int length = (text.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        byte[] padded = Arrays.copyOf(text, length);
        Arrays.fill(padded, text.length, length, " ".getBytes(StandardCharsets.US_ASCII)[0]);
        return ByteBuffer.allocate(8 + length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put(padded)
                .flip();
    }

    private static TensorContent tensor(Map<String, TensorContent> tensors, String name) {
        return Objects.requireNonNull(tensors.get(name), name);
    }

    private static long bytes(TensorContent tensor) {
        return tensor.shape().stream().reduce((long) tensor.dtype().bytes(), Math::multiplyExact);
    }

    private static void write(FileChannel out, TensorContent tensor) throws IOException {
        switch (tensor) {
            case TensorContent.Stored stored -> write(out, stored.bytes());
            case TensorContent.Copied copied ->
                copied.file().eachPiece(copied.name(), piece -> {
                    write(out, piece);
                    return true;
                });
            case TensorContent.Held held -> write(out, held);
        }
    }

    private static void write(FileChannel out, TensorContent.Held held) throws IOException {
        Ops ops = held.ops();
        if (ops.dtype(held.array()) == held.dtype()) {
            write(out, ops.memory(held.array()));
            return;
        }
        try (NDArray cast = ops.cast(held.array(), held.dtype())) {
            write(out, ops.memory(cast));
        }
    }

    private static void write(FileChannel out, MemorySegment bytes) throws IOException {
        for (long done = 0; done < bytes.byteSize(); done += PIECE) {
            write(
                    out,
                    bytes.asSlice(done, Math.min(PIECE, bytes.byteSize() - done))
                            .asByteBuffer());
        }
    }

    private static void write(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    /** A rename is on the disk only once its folder is. */
    private static void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder)) {
            channel.force(true);
        }
    }

    private static void remove(Path unfinished) {
        try {
            Files.deleteIfExists(unfinished);
        } catch (IOException ignored) {
            // The reason why it could not be written is on its way to the user and says more.
        }
    }
}
