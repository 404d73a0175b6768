package io.vlfinetune.trainer.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A chunk of a RIFF file: four letters, a size, data, and a byte of padding after an odd size.
 *
 * @param file the whole file
 * @param start where the four letters stand
 * @param size the length of the data
 */
@SuppressWarnings("ArrayRecordComponent") // a view, not a value
record RiffChunk(byte[] file, int start, int size) {
    private static final int HEADER = 8;

    /** The chunks between two places; one that was cut off ends the list. */
    static List<RiffChunk> list(byte[] file, int from, int to) {
        ByteBuffer sizes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        var chunks = new ArrayList<RiffChunk>();
        int at = from;
        while (at + HEADER <= to) {
            int size = sizes.getInt(at + 4);
            if (size < 0 || size > to - at - HEADER) {
                break;
            }
            var chunk = new RiffChunk(file, at, size);
            chunks.add(chunk);
            at = chunk.end();
        }
        return chunks;
    }

    boolean is(String letters) {
        return letters.equals(new String(file, start, 4, StandardCharsets.US_ASCII));
    }

    int dataStart() {
        return start + HEADER;
    }

    byte[] data() {
        return Arrays.copyOfRange(file, dataStart(), dataStart() + size);
    }

    /** Header, data and padding, which the last chunk of a file may lack. */
    byte[] whole() {
        return Arrays.copyOfRange(file, start, end());
    }

    private int end() {
        return dataStart() + size + (size & 1);
    }
}
