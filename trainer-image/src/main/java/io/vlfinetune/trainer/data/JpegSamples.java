package io.vlfinetune.trainer.data;

import java.awt.image.Raster;
import java.io.IOException;
import javax.imageio.ImageReader;

/**
 * JPEG's samples to RGB as libjpeg does it ({@code jdapimin.c}, {@code jdcolor.c}). Java's reader guesses the colour
 * space by other rules and applies embedded profiles, so only its raw samples are used.
 */
final class JpegSamples {
    private final byte[] file;
    private int components;
    private boolean jfif;
    private int adobeTransform = -1;
    private boolean namedRgb;

    private JpegSamples(byte[] file) throws IOException {
        this.file = file;
        readMarkers();
    }

    static RgbImage toRgb(byte[] file, ImageReader reader) throws IOException {
        var header = new JpegSamples(file);
        if (header.components != 1 && header.components != 3 && header.components != 4) {
            throw new IOException("it is a JPEG with %d channels; convert it to RGB".formatted(header.components));
        }
        Raster raster = reader.readRaster(0, null);
        byte[] rgb = new byte[3 * raster.getHeight() * raster.getWidth()];
        int[] row = new int[raster.getNumBands() * raster.getWidth()];
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
            header.convert(row, rgb, 3 * y * raster.getWidth());
        }
        return new RgbImage(rgb, raster.getHeight(), raster.getWidth());
    }

    private void convert(int[] row, byte[] rgb, int to) {
        if (components == 4) {
            convertInk(row, rgb, to);
            return;
        }
        boolean luminance = components == 3 && isYcc();
        for (int x = 0; x < row.length / components; x++) {
            int at = to + 3 * x;
            if (luminance) {
                yccToRgb(row[3 * x], row[3 * x + 1] - 128, row[3 * x + 2] - 128, rgb, at);
            } else {
                for (int channel = 0; channel < 3; channel++) {
                    rgb[at + channel] = (byte) row[x * components + (components == 1 ? 0 : channel)];
                }
            }
        }
    }

    /**
     * CMYK as Pillow reads it: always the way Adobe stores it, inverted, so that 255 is no ink ({@code
     * JpegImagePlugin.py}, "CMYK;I"); then {@code cmyk2rgb} of {@code Convert.c}. YCCK is CMYK whose CMY went through
     * the luminance transform, the wrong way round.
     */
    private void convertInk(int[] row, byte[] rgb, int to) {
        boolean luminance = adobeTransform > 0;
        byte[] cmy = new byte[3];
        for (int x = 0; x < row.length / 4; x++) {
            int white = row[4 * x + 3];
            if (luminance) {
                yccToRgb(row[4 * x], row[4 * x + 1] - 128, row[4 * x + 2] - 128, cmy, 0);
            }
            for (int channel = 0; channel < 3; channel++) {
                int ink = luminance ? cmy[channel] & 0xFF : 255 - row[4 * x + channel];
                rgb[to + 3 * x + channel] = clip(white - divideBy255(ink * white));
            }
        }
    }

    /** {@code MULDIV255} of Pillow, which rounds. */
    private static int divideBy255(int product) {
        int rounded = product + 128;
        return ((rounded >> 8) + rounded) >> 8;
    }

    /** The fixed-point tables of {@code jdcolor.c}, 16 bits. */
    private static void yccToRgb(int y, int cb, int cr, byte[] rgb, int at) {
        rgb[at] = clip(y + ((91881 * cr + 32768) >> 16));
        rgb[at + 1] = clip(y + ((-22554 * cb - 46802 * cr + 32768) >> 16));
        rgb[at + 2] = clip(y + ((116130 * cb + 32768) >> 16));
    }

    private static byte clip(int value) {
        return (byte) Math.clamp(value, 0, 255);
    }

    /** {@code default_decompress_parms} of libjpeg. */
    private boolean isYcc() {
        if (jfif) {
            return true;
        }
        return adobeTransform >= 0 ? adobeTransform != 0 : !namedRgb;
    }

    private void readMarkers() throws IOException {
        int at = 2;
        while (true) {
            if (at + 4 > file.length) {
                throw truncated();
            }
            int marker = unsigned(at + 1);
            if (unsigned(at) != 0xFF) {
                throw new IOException("it is a damaged JPEG: no marker at byte " + at);
            }
            if (marker == 0xFF) { // fill byte
                at++;
                continue;
            }
            int length = unsigned(at + 2) << 8 | unsigned(at + 3);
            if (length < 2 || at + 2 + length > file.length) {
                throw truncated();
            }
            readMarker(marker, at + 4, length - 2);
            at += 2 + length;
            if (marker == 0xDA) {
                requireEnd(at);
                return;
            }
        }
    }

    private void readMarker(int marker, int at, int length) {
        boolean frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (frame && length >= 6) {
            components = unsigned(at + 5);
            namedRgb = components == 3
                    && length >= 15
                    && unsigned(at + 6) == 'R'
                    && unsigned(at + 9) == 'G'
                    && unsigned(at + 12) == 'B';
        } else if (marker == 0xE0 && length >= 5 && isText(at, "JFIF")) {
            jfif = true;
        } else if (marker == 0xEE && length >= 12 && isText(at, "Adobe")) {
            adobeTransform = unsigned(at + 11);
        }
    }

    /** Java's reader fills the missing rest of a truncated file with grey; Pillow refuses it, and so do we. */
    private void requireEnd(int from) throws IOException {
        for (int at = file.length - 2; at >= from; at--) {
            if (unsigned(at) == 0xFF && unsigned(at + 1) == 0xD9) {
                return;
            }
        }
        throw truncated();
    }

    private static IOException truncated() {
        return new IOException("it is a truncated JPEG");
    }

    private boolean isText(int at, String text) {
        for (int i = 0; i < text.length(); i++) {
            if (unsigned(at + i) != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private int unsigned(int at) {
        return file[at] & 0xFF;
    }
}
