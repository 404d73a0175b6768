package io.vlfinetune.trainer.testing;

import io.vlfinetune.trainer.report.TensorBoardLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Reads event files as TensorBoard does (plugin_event_accumulator.py): files in the order of their names, each until its
 * end or a torn record; every session start but the first forgets its step and later ones. Written apart from the
 * writer, with a checksum of its own.
 */
public final class TensorBoardFolder {
    /** Castagnoli's polynomial, reversed. */
    private static final int POLYNOMIAL = 0x82F63B78;

    /** A point of a curve. */
    public record Point(long step, double wallTime, float value) {}

    private final SortedMap<String, List<Point>> curves = new TreeMap<>();
    private final List<String> versions = new ArrayList<>();
    private boolean started;

    private TensorBoardFolder() {}

    /** Reads a folder. */
    public static TensorBoardFolder read(Path folder) throws IOException {
        TensorBoardFolder read = new TensorBoardFolder();
        for (Path file : TensorBoardLog.files(folder)) {
            read.add(ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN));
        }
        return read;
    }

    /** Points by tag, in the order in which they were written. */
    public SortedMap<String, List<Point>> curves() {
        return curves;
    }

    /** The format that each file names. */
    public List<String> versions() {
        return versions;
    }

    /** The steps of a curve. */
    public List<Long> steps(String tag) {
        return curves.getOrDefault(tag, List.of()).stream().map(Point::step).toList();
    }

    private void add(ByteBuffer file) {
        while (file.remaining() >= 12) {
            int start = file.position();
            long length = file.getLong();
            requireChecksum(file, start, 8, file.getInt());
            if (file.remaining() < length + 4) {
                return;
            }
            ByteBuffer event = file.slice(file.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
            file.position(file.position() + (int) length);
            requireChecksum(file, start + 12, (int) length, file.getInt());
            event(event);
        }
    }

    private static void requireChecksum(ByteBuffer file, int from, int count, int stored) {
        int crc = -1;
        for (int i = from; i < from + count; i++) {
            crc ^= file.get(i) & 0xFF;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) * POLYNOMIAL);
            }
        }
        crc = ~crc;
        int masked = ((crc >>> 15) | (crc << 17)) + 0xA282EAD8;
        if (masked != stored) {
            throw new AssertionError("checksum of " + count + " bytes at " + from);
        }
    }

    private void event(ByteBuffer event) {
        double wallTime = 0;
        long step = 0;
        while (event.hasRemaining()) {
            int tag = (int) varint(event);
            switch (tag) {
                case (1 << 3) | 1 -> wallTime = event.getDouble();
                case 2 << 3 -> step = varint(event);
                case (3 << 3) | 2 -> versions.add(text(event));
                case (5 << 3) | 2 -> summary(message(event), step, wallTime);
                case (7 << 3) | 2 -> session(message(event), step);
                default -> throw new AssertionError("field " + tag + " in an event");
            }
        }
    }

    private void session(ByteBuffer session, long step) {
        if (varint(session) != 1 << 3 || varint(session) != 1) {
            throw new AssertionError("no session start");
        }
        if (started) {
            curves.values().forEach(points -> points.removeIf(point -> point.step() >= step));
        }
        started = true;
    }

    private void summary(ByteBuffer summary, long step, double wallTime) {
        while (summary.hasRemaining()) {
            require(varint(summary) == ((1 << 3) | 2), "values");
            ByteBuffer value = message(summary);
            require(varint(value) == ((1 << 3) | 2), "a tag");
            String tag = text(value);
            require(varint(value) == ((2 << 3) | 5), "a simple value");
            curves.computeIfAbsent(tag, missing -> new ArrayList<>()).add(new Point(step, wallTime, value.getFloat()));
            require(!value.hasRemaining(), "nothing more");
        }
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("expected " + what);
        }
    }

    private static ByteBuffer message(ByteBuffer from) {
        int length = (int) varint(from);
        ByteBuffer message = from.slice(from.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        from.position(from.position() + length);
        return message;
    }

    private static String text(ByteBuffer from) {
        return StandardCharsets.UTF_8.decode(message(from)).toString();
    }

    private static long varint(ByteBuffer from) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = from.get();
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }
}
