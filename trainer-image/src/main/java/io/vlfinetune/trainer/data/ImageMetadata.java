package io.vlfinetune.trainer.data;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The EXIF and XMP blocks of an image file. A damaged file yields what stands before the damage; whether its image can be
 * read is the decoder's matter.
 *
 * @param exif a TIFF without the prefix {@code Exif\0\0}, or empty
 * @param xmp an XML document, or empty
 */
@SuppressWarnings("ArrayRecordComponent") // a short-lived carrier
record ImageMetadata(byte[] exif, byte[] xmp) {
    private static final byte[] EXIF_PREFIX = ascii("Exif\0\0");
    private static final byte[] XMP_PREFIX = ascii("http://ns.adobe.com/xap/1.0/\0");
    private static final byte[] XMP_KEYWORD = ascii("XML:com.adobe.xmp\0");

    /** The segments APP1 before the image's data; EXIF may be spread over several. */
    static ImageMetadata ofJpeg(byte[] file) {
        var exif = new ByteArrayOutputStream();
        byte[] xmp = {};
        int at = 2;
        while (at + 4 <= file.length && file[at] == (byte) 0xFF && file[at + 1] != (byte) 0xDA) {
            if (file[at + 1] == (byte) 0xFF) { // fill byte
                at++;
                continue;
            }
            int end = Math.min(file.length, at + 2 + (unsigned(file, at + 2) << 8 | unsigned(file, at + 3)));
            boolean app1 = file[at + 1] == (byte) 0xE1;
            if (app1 && startsWith(file, at + 4, EXIF_PREFIX)) {
                exif.write(file, at + 4 + EXIF_PREFIX.length, Math.max(0, end - at - 4 - EXIF_PREFIX.length));
            } else if (app1 && startsWith(file, at + 4, XMP_PREFIX)) {
                xmp = slice(file, at + 4 + XMP_PREFIX.length, end);
            }
            at = end;
        }
        return new ImageMetadata(withoutPrefix(exif.toByteArray()), xmp);
    }

    /** The chunks {@code eXIf} and {@code iTXt}, before or after the image's data. */
    static ImageMetadata ofPng(byte[] file) {
        ByteBuffer chunks = ByteBuffer.wrap(file);
        byte[] exif = {};
        byte[] xmp = {};
        int at = 8;
        while (at + 12 <= file.length) {
            int length = chunks.getInt(at);
            int data = at + 8;
            if (length < 0 || length > file.length - data) {
                break;
            }
            if (startsWith(file, at + 4, ascii("eXIf"))) {
                exif = slice(file, data, data + length);
            } else if (startsWith(file, at + 4, ascii("iTXt")) && startsWith(file, data, XMP_KEYWORD)) {
                xmp = slice(file, data + XMP_KEYWORD.length, data + length); // uncompressed, as XMP wants it
            }
            at = data + length + 4;
        }
        return new ImageMetadata(withoutPrefix(exif), xmp);
    }

    /** The chunks {@code EXIF} and {@code XMP }. */
    static ImageMetadata ofWebp(byte[] file) {
        byte[] exif = {};
        byte[] xmp = {};
        for (RiffChunk chunk : RiffChunk.list(file, 12, file.length)) {
            if (chunk.is("EXIF")) {
                exif = chunk.data();
            } else if (chunk.is("XMP ")) {
                xmp = chunk.data();
            }
        }
        return new ImageMetadata(withoutPrefix(exif), xmp);
    }

    private static byte[] withoutPrefix(byte[] exif) {
        return startsWith(exif, 0, EXIF_PREFIX) ? slice(exif, EXIF_PREFIX.length, exif.length) : exif;
    }

    private static byte[] slice(byte[] file, int from, int to) {
        return Arrays.copyOfRange(file, Math.min(from, to), to);
    }

    private static boolean startsWith(byte[] file, int at, byte[] prefix) {
        return at + prefix.length <= file.length
                && Arrays.equals(file, at, at + prefix.length, prefix, 0, prefix.length);
    }

    private static int unsigned(byte[] file, int at) {
        return file[at] & 0xFF;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
