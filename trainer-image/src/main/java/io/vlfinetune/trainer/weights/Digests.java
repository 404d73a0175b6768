package io.vlfinetune.trainer.weights;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 in lower-case hexadecimal digits. */
public final class Digests {
    private static final int PIECE = 1 << 26;
    private static final int BUFFER = 1 << 16;

    private Digests() {}

    /** The digest of bytes of any length, read piece by piece. */
    public static String sha256(MemorySegment bytes) {
        MessageDigest digest = sha256();
        for (long done = 0; done < bytes.byteSize(); done += PIECE) {
            digest.update(bytes.asSlice(done, Math.min(PIECE, bytes.byteSize() - done))
                    .asByteBuffer());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The digest of a stream to its end. */
    public static String sha256(InputStream in) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[BUFFER];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            digest.update(buffer, 0, read);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException problem) {
            throw new IllegalStateException("every Java has SHA-256", problem);
        }
    }
}
