package io.vlfinetune.trainer.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/**
 * The shapes of a published checkpoint without its weights, see {@code src/test/resources/published/README.md}.
 *
 * @param name a folder of that resource
 */
public record PublishedModel(String name) {
    private static final JsonMapper JSON = new JsonMapper();

    /** How the tensors are called. */
    public enum Layout {
        /** As in the published files. */
        published,
        /** As transformers 5 calls its parameters. */
        transformers5
    }

    /** The exact numbers of parameters that transformers counts. */
    public JsonNode counts() {
        try {
            return JSON.readTree(Files.readString(folder().resolve("counts.json")));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /**
     * Writes config.json and a model.safetensors of the full length, of which only the header takes space on the disk:
     * the data is a hole that reads as zeros.
     *
     * @param folder must exist
     * @return the folder
     */
    public Path write(Layout layout, Path folder) {
        try {
            Files.copy(folder().resolve("config.json"), folder.resolve("config.json"));
            JsonNode tensors = tensors();
            ObjectNode header = JSON.createObjectNode();
            long end = 0;
            for (var tensor : tensors.path(layout.name()).properties()) {
                end = add(header, tensor.getKey(), tensors.path("dtype").asText(), tensor.getValue(), end);
            }
            writeSparse(folder.resolve("model.safetensors"), header.toString().getBytes(StandardCharsets.UTF_8), end);
            return folder;
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    private static long add(ObjectNode header, String key, String type, JsonNode shape, long start) {
        long bytes = type.equals("F32") ? 4 : 2;
        for (JsonNode axis : shape) {
            bytes *= axis.asLong();
        }
        ObjectNode entry = header.putObject(key);
        entry.put("dtype", type);
        entry.set("shape", shape);
        entry.putArray("data_offsets").add(start).add(start + bytes);
        return start + bytes;
    }

    private static void writeSparse(Path file, byte[] header, long dataBytes) throws IOException {
        byte[] length = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .array();
        try (var out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(length);
            out.write(header);
            out.setLength(Long.BYTES + header.length + dataBytes);
        }
    }

    private JsonNode tensors() throws IOException {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(folder().resolve("tensors.json.gz")))) {
            return JSON.readTree(in);
        }
    }

    private Path folder() {
        return Path.of("src/test/resources/published", name);
    }
}
