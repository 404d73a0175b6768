package io.vlfinetune.trainer.report;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * One record of a TensorBoard event file: an {@code Event} in protobuf's wire format within a TFRecord frame.
 *
 * <p>Written by hand: org.tensorflow:proto, the only published library of these messages for Java without TensorFlow
 * itself, is of 2019 and brings 2.9 MB and protobuf-java for the seven fields used here.
 *
 * @see <a href="https://github.com/tensorflow/tensorboard/blob/2.21.0/tensorboard/compat/proto/event.proto">event.proto</a>
 * @see <a href="https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details">the frame</a>
 */
final class EventRecord {
    // Protobuf's wire types.
    private static final int VARINT = 0;
    private static final int EIGHT_BYTES = 1;
    private static final int LENGTH = 2;
    private static final int FOUR_BYTES = 5;

    private static final int SESSION_START = 1;

    private final ByteBuffer bytes;

    private EventRecord(int capacity) {
        bytes = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The first record of a file, which names its format. */
    static byte[] version(double wallTime) {
        byte[] text = "brain.Event:2".getBytes(StandardCharsets.US_ASCII);
        return event(wallTime, 0, 3, text);
    }

    /** Says that a session begins: from the second one on, readers forget what they know of this step and later ones. */
    static byte[] sessionStart(double wallTime, long step) {
        EventRecord log = new EventRecord(4);
        log.tag(1, VARINT);
        log.varint(SESSION_START);
        return event(wallTime, step, 7, log.made());
    }

    /** Values of one step by tag. */
    static byte[] scalars(double wallTime, long step, Map<String, Double> values) {
        int capacity =
                values.keySet().stream().mapToInt(tag -> 32 + 3 * tag.length()).sum();
        EventRecord summary = new EventRecord(capacity);
        values.forEach((tag, value) -> {
            EventRecord entry = new EventRecord(16 + 3 * tag.length());
            entry.message(1, tag.getBytes(StandardCharsets.UTF_8));
            entry.tag(2, FOUR_BYTES);
            entry.bytes.putFloat(value.floatValue());
            summary.message(1, entry.made());
        });
        return event(wallTime, step, 5, summary.made());
    }

    private static byte[] event(double wallTime, long step, int field, byte[] content) {
        EventRecord event = new EventRecord(48 + content.length);
        event.tag(1, EIGHT_BYTES);
        event.bytes.putDouble(wallTime);
        event.tag(2, VARINT);
        event.varint(step);
        event.message(field, content);
        return framed(event.made());
    }

    /** Length, its checksum, the bytes, their checksum. */
    private static byte[] framed(byte[] content) {
        ByteBuffer frame = ByteBuffer.allocate(content.length + 16).order(ByteOrder.LITTLE_ENDIAN);
        frame.putLong(content.length);
        frame.putInt(maskedChecksum(frame.array(), 0, 8));
        frame.put(content);
        frame.putInt(maskedChecksum(frame.array(), 12, content.length));
        return frame.array();
    }

    /** CRC32C, turned and shifted since checksums of data that holds checksums are weak. */
    static int maskedChecksum(byte[] data, int from, int count) {
        CRC32C checksum = new CRC32C();
        checksum.update(data, from, count);
        return Integer.rotateRight((int) checksum.getValue(), 15) + 0xA282EAD8;
    }

    private void tag(int field, int wireType) {
        varint(((long) field << 3) | wireType);
    }

    private void varint(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            bytes.put((byte) ((rest & 0x7F) | 0x80));
            rest >>>= 7;
        }
        bytes.put((byte) rest);
    }

    private void message(int field, byte[] content) {
        tag(field, LENGTH);
        varint(content.length);
        bytes.put(content);
    }

    private byte[] made() {
        byte[] made = new byte[bytes.position()];
        bytes.get(0, made);
        return made;
    }
}
