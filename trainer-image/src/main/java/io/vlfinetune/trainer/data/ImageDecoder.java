package io.vlfinetune.trainer.data;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes PNG, JPEG and WebP to what transformers 5.23 and Pillow 11.3 make of them, {@code exif_transpose(Image.open(f))
 * .convert("RGB")}: the photo is turned upright, alpha is dropped, grey is repeated, CMYK goes by Pillow's formula, no
 * colour profile is applied, and of an animated WebP the first frame counts. Samples are taken from the raster as they
 * are: Java's own conversion of grey goes through a linear colour space and changes the values. Lossy WebP alone is not
 * equal to the bit: TwelveMonkeys' decoder repeats chroma samples where libwebp interpolates them.
 */
final class ImageDecoder {
    private enum Format {
        PNG,
        JPEG,
        WEBP
    }

    private ImageDecoder() {}

    /**
     * Decodes a file.
     *
     * @throws IOException when it is damaged or of another kind; the message goes to the user
     */
    static RgbImage decode(byte[] file) throws IOException {
        return switch (format(file)) {
            case PNG -> Orientation.of(ImageMetadata.ofPng(file)).apply(read("png", file));
            case JPEG -> Orientation.of(ImageMetadata.ofJpeg(file)).apply(read("jpeg", file));
            case WEBP -> Orientation.of(ImageMetadata.ofWebp(file)).apply(readWebp(file));
        };
    }

    private static RgbImage readWebp(byte[] file) throws IOException {
        requireWhole(file);
        if (!WebpAnimation.is(file)) {
            return read("webp", file);
        }
        WebpAnimation animation = WebpAnimation.firstFrame(file);
        requireSize(animation.height(), animation.width());
        return animation.compose(read("webp", animation.file()));
    }

    private static RgbImage read(String format, byte[] file) throws IOException {
        ImageReader reader = reader(format);
        try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            reader.setInput(in, true, true);
            requireSize(reader.getHeight(0), reader.getWidth(0));
            return format.equals("jpeg") ? JpegSamples.toRgb(file, reader) : toRgb(reader.read(0));
        } catch (RuntimeException e) { // readers throw these for damaged files
            throw new IOException("it cannot be decoded: " + e, e);
        } finally {
            reader.dispose();
        }
    }

    private static void requireSize(int height, int width) throws IOException {
        long pixels = (long) height * width;
        if (pixels > RgbImage.MOST_PIXELS) {
            throw new IOException("it has %,d pixels; at most %,d are read".formatted(pixels, RgbImage.MOST_PIXELS));
        }
    }

    private static Format format(byte[] file) throws IOException {
        if (startsWith(file, 0, 0x89, 'P', 'N', 'G')) {
            return Format.PNG;
        }
        if (startsWith(file, 0, 0xFF, 0xD8, 0xFF)) {
            return Format.JPEG;
        }
        if (startsWith(file, 0, 'R', 'I', 'F', 'F') && startsWith(file, 8, 'W', 'E', 'B', 'P')) {
            return Format.WEBP;
        }
        if (startsWith(file, 0, 'G', 'I', 'F', '8')) {
            throw new IOException("it is a GIF, which is not read; convert the frame you mean to PNG");
        }
        throw new IOException(file.length == 0 ? "it is empty" : "it is neither PNG, JPEG nor WebP");
    }

    /** TwelveMonkeys' reader goes on with zeros where a file was cut; libwebp refuses it, and so do we. */
    private static void requireWhole(byte[] riff) throws IOException {
        long size = 8
                + Integer.toUnsignedLong(
                        ByteBuffer.wrap(riff).order(ByteOrder.LITTLE_ENDIAN).getInt(4));
        if (size > riff.length) {
            throw new IOException("it is a truncated WebP: %,d of %,d bytes".formatted(riff.length, size));
        }
    }

    private static boolean startsWith(byte[] file, int offset, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (offset + i >= file.length || (file[offset + i] & 0xFF) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    private static ImageReader reader(String format) throws IOException {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
        if (!readers.hasNext()) {
            throw new IOException("no reader for " + format + " is installed");
        }
        return readers.next();
    }

    private static RgbImage toRgb(BufferedImage image) {
        Raster raster = image.getRaster();
        byte[] rgb = new byte[3 * image.getHeight() * image.getWidth()];
        int[] row = new int[raster.getNumBands() * image.getWidth()];
        for (int y = 0; y < image.getHeight(); y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, image.getWidth(), 1, row);
            int to = 3 * y * image.getWidth();
            if (image.getColorModel() instanceof IndexColorModel palette) {
                fromPalette(row, palette, rgb, to);
            } else {
                fromSamples(row, raster, rgb, to);
            }
        }
        return new RgbImage(rgb, image.getHeight(), image.getWidth());
    }

    private static void fromPalette(int[] row, IndexColorModel palette, byte[] rgb, int to) {
        for (int x = 0; x < row.length; x++) {
            rgb[to + 3 * x] = (byte) palette.getRed(row[x]);
            rgb[to + 3 * x + 1] = (byte) palette.getGreen(row[x]);
            rgb[to + 3 * x + 2] = (byte) palette.getBlue(row[x]);
        }
    }

    private static void fromSamples(int[] row, Raster raster, byte[] rgb, int to) {
        int bands = raster.getNumBands();
        boolean wide = raster.getTransferType() == DataBuffer.TYPE_USHORT;
        for (int x = 0; x < row.length / bands; x++) {
            for (int channel = 0; channel < 3; channel++) {
                int sample = row[x * bands + (bands < 3 ? 0 : channel)];
                rgb[to + 3 * x + channel] = (byte) (wide ? narrow(sample, bands) : sample);
            }
        }
    }

    /** Pillow 11.3 clips 16-bit grey at 255 (mode {@code I;16}), but takes the high byte of everything else. */
    private static int narrow(int sample, int bands) {
        return bands == 1 ? Math.min(sample, 255) : sample >> 8;
    }
}
