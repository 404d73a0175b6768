package io.vlfinetune.trainer.prefix;

import io.vlfinetune.trainer.data.ContentKey;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.model.PrefixStore;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What stands before a unit's arrays in the file: magic number, length of the header, checksum of the rest of it; key,
 * time, checksum of the arrays, their types and shapes. Little-endian.
 *
 * @param key of what the unit was computed from
 * @param nanoseconds how long that took
 * @param checksum CRC32C of the arrays' bytes
 * @param kinds the arrays
 */
record StoredUnit(ContentKey key, long nanoseconds, int checksum, List<PrefixStore.Kind> kinds) {
    /** Bytes before the checked part. */
    static final int PREAMBLE = 12;

    private static final int MAGIC = 0x564C5055;
    private static final int LONGEST = 1 << 16;

    StoredUnit {
        kinds = List.copyOf(kinds);
    }

    /** Bytes of the arrays. */
    long arrayBytes() {
        return kinds.stream().mapToLong(PrefixStore.Kind::bytes).sum();
    }

    /** Bytes of the header. */
    int headerBytes() {
        return PREAMBLE
                + ContentKey.BYTES
                + Long.BYTES
                + 2 * Integer.BYTES
                + kinds.stream()
                        .mapToInt(kind ->
                                2 * Integer.BYTES + Long.BYTES * kind.shape().size())
                        .sum();
    }

    /** The header. */
    ByteBuffer header() {
        ByteBuffer bytes = ByteBuffer.allocate(headerBytes()).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(MAGIC).putInt(bytes.capacity()).putInt(0);
        key.write(bytes);
        bytes.putLong(nanoseconds).putInt(checksum).putInt(kinds.size());
        for (PrefixStore.Kind kind : kinds) {
            bytes.putInt(kind.type().torchCode()).putInt(kind.shape().size());
            kind.shape().forEach(bytes::putLong);
        }
        bytes.putInt(2 * Integer.BYTES, checksum(bytes.array(), bytes.capacity()));
        return bytes.flip();
    }

    /** How long a header is that begins so; 0 if it is none. */
    static int length(ByteBuffer preamble) {
        ByteBuffer bytes = preamble.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        boolean ours = bytes.getInt(0) == MAGIC;
        int length = bytes.getInt(Integer.BYTES);
        return ours && length > PREAMBLE && length <= LONGEST ? length : 0;
    }

    /** Reads a whole header; null if it is torn. */
    static @Nullable StoredUnit read(byte[] header) {
        ByteBuffer bytes = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.getInt(2 * Integer.BYTES) != checksum(header, header.length)) {
            return null;
        }
        bytes.position(PREAMBLE);
        ContentKey key = ContentKey.read(bytes);
        long nanoseconds = bytes.getLong();
        int checksum = bytes.getInt();
        int count = bytes.getInt();
        List<PrefixStore.Kind> kinds = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int code = bytes.getInt();
            Optional<DType> type = Arrays.stream(DType.values())
                    .filter(one -> one.torchCode() == code)
                    .findFirst();
            int rank = bytes.getInt();
            List<Long> shape = new ArrayList<>();
            for (int axis = 0; axis < rank; axis++) {
                shape.add(bytes.getLong());
            }
            if (type.isEmpty()) {
                return null;
            }
            kinds.add(new PrefixStore.Kind(type.get(), shape));
        }
        return new StoredUnit(key, nanoseconds, checksum, kinds);
    }

    private static int checksum(byte[] header, int length) {
        CRC32C sum = new CRC32C();
        sum.update(header, PREAMBLE, length - PREAMBLE);
        return (int) sum.getValue();
    }
}
