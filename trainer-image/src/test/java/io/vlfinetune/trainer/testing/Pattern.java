package io.vlfinetune.trainer.testing;

import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** An image of any size, made by the same formula as for the numbers that transformers computed. */
public final class Pattern {
    private Pattern() {}

    /** Red 7 x + 3 y, green x² + 5 y, blue 11 x + y², each modulo 256. */
    public static RgbImage image(int width, int height) {
        byte[] pixels = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = 3 * (y * width + x);
                pixels[at] = (byte) (7 * x + 3 * y);
                pixels[at + 1] = (byte) (x * x + 5 * y);
                pixels[at + 2] = (byte) (11 * x + y * y);
            }
        }
        return new RgbImage(pixels, height, width);
    }

    /** The first sixteen digits of the SHA-256 of the Float32 values, little endian. */
    public static String digest(Pixels pixels) {
        return sha256(pixels.values()).substring(0, 16);
    }

    /** The SHA-256 of Float32 values, little endian. */
    public static String sha256(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
