package io.vlfinetune.trainer.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * SHA-256 of what something is made of: equal contents have equal keys, whatever they are called and wherever they lie.
 *
 * @param first bytes 0 to 7, big-endian
 * @param second bytes 8 to 15
 * @param third bytes 16 to 23
 * @param fourth bytes 24 to 31
 */
public record ContentKey(long first, long second, long third, long fourth) {
    /** Bytes of a key. */
    public static final int BYTES = 32;

    private static final int PIECE = 1 << 14;

    /** Reads a key's bytes. */
    public static ContentKey read(ByteBuffer bytes) {
        LongBuffer longs = bytes.slice().order(ByteOrder.BIG_ENDIAN).asLongBuffer();
        bytes.position(bytes.position() + BYTES);
        return new ContentKey(longs.get(), longs.get(), longs.get(), longs.get());
    }

    /** Writes the key's bytes. */
    public void write(ByteBuffer bytes) {
        bytes.slice()
                .order(ByteOrder.BIG_ENDIAN)
                .putLong(first)
                .putLong(second)
                .putLong(third)
                .putLong(fourth);
        bytes.position(bytes.position() + BYTES);
    }

    /** Collects contents; lengths are part of them, so that no two lists of arrays look the same. */
    static final class Builder {
        private final MessageDigest digest;
        private final ByteBuffer piece = ByteBuffer.allocate(PIECE).order(ByteOrder.LITTLE_ENDIAN);

        Builder() {
            try {
                digest = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException problem) {
                throw new IllegalStateException("every Java has SHA-256", problem);
            }
        }

        Builder add(int... values) {
            put(values.length);
            for (int value : values) {
                put(value);
            }
            return this;
        }

        /** By their bits. */
        Builder add(float[] values) {
            put(values.length);
            for (float value : values) {
                put(Float.floatToRawIntBits(value));
            }
            return this;
        }

        Builder add(ContentKey key) {
            flush();
            key.write(piece);
            return this;
        }

        ContentKey key() {
            flush();
            return read(ByteBuffer.wrap(digest.digest()));
        }

        private void put(int value) {
            if (piece.remaining() < Integer.BYTES) {
                flush();
            }
            piece.putInt(value);
        }

        private void flush() {
            digest.update(piece.flip());
            piece.clear();
        }
    }
}
