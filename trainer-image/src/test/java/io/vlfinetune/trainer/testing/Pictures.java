package io.vlfinetune.trainer.testing;

import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import javax.imageio.ImageIO;

/** Pictures of any size whose pixels follow from their place: red 7x, green 5y, blue x + y, each modulo 256. */
public final class Pictures {
    private Pictures() {}

    /** Such a picture. */
    public static RgbImage of(int width, int height) {
        byte[] pixels = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = 3 * (y * width + x);
                pixels[at] = (byte) (7 * x);
                pixels[at + 1] = (byte) (5 * y);
                pixels[at + 2] = (byte) (x + y);
            }
        }
        return new RgbImage(pixels, height, width);
    }

    /** Writes such a picture as a PNG. */
    public static void write(Path file, int width, int height) {
        byte[] pixels = of(width, height).pixels();
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            int rgb = ((pixels[3 * i] & 0xFF) << 16) | ((pixels[3 * i + 1] & 0xFF) << 8) | (pixels[3 * i + 2] & 0xFF);
            image.setRGB(i % width, i / width, rgb);
        }
        try {
            ImageIO.write(image, "png", file.toFile());
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** The first 16 digits of the SHA-256 of preprocessed values, as {@code sha256(array.tobytes())} gives them. */
    public static String digest(Pixels pixels) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * pixels.values().length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(pixels.values());
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.array());
            return HexFormat.of().formatHex(digest).substring(0, 16);
        } catch (NoSuchAlgorithmException problem) {
            throw new IllegalStateException(problem);
        }
    }
}
