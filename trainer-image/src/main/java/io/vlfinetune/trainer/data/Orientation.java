package io.vlfinetune.trainer.data;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which way up a photo is: the sides on which its first stored row and column belong, in EXIF's order. transformers turns it upright before anything else ({@code image_utils.load_image} calls
 * {@code PIL.ImageOps.exif_transpose}, and so does the image column of Hugging Face datasets), so we do. Sources: EXIF 2.3
 * tag 0x0112; Pillow 11.3 {@code Image.getexif}, which takes XMP's word where EXIF has none.
 */
enum Orientation {
    TOP_LEFT(false, false, false),
    TOP_RIGHT(false, false, true),
    BOTTOM_RIGHT(false, true, true),
    BOTTOM_LEFT(false, true, false),
    LEFT_TOP(true, false, false),
    RIGHT_TOP(true, true, false),
    RIGHT_BOTTOM(true, true, true),
    LEFT_BOTTOM(true, false, true);

    private static final int TAG = 0x0112;
    private static final Pattern XMP = Pattern.compile("tiff:Orientation(?:=\"|>)([0-9])");

    private final boolean swapped;
    private final boolean upwards;
    private final boolean leftwards;

    /**
     * How the upright image is read out of the stored one.
     *
     * @param swapped its rows are stored columns
     * @param upwards stored rows are taken from the last to the first
     * @param leftwards stored columns are taken from the last to the first
     */
    Orientation(boolean swapped, boolean upwards, boolean leftwards) {
        this.swapped = swapped;
        this.upwards = upwards;
        this.leftwards = leftwards;
    }

    /** What the metadata of an image file say; upright where they say nothing or cannot be read. */
    static Orientation of(ImageMetadata metadata) {
        int number = fromExif(metadata.exif());
        if (number < 0) {
            Matcher matcher = XMP.matcher(new String(metadata.xmp(), StandardCharsets.ISO_8859_1));
            number = matcher.find() ? matcher.group(1).charAt(0) - '0' : 1;
        }
        return number >= 1 && number <= values().length ? values()[number - 1] : TOP_LEFT;
    }

    /** The value of the tag in the first directory of a TIFF, or -1. */
    private static int fromExif(byte[] exif) {
        try {
            ByteBuffer tiff = ByteBuffer.wrap(exif);
            tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
            if ((tiff.get(0) != 'I' && tiff.get(0) != 'M') || tiff.get(1) != tiff.get(0) || tiff.getShort(2) != 42) {
                return -1;
            }
            tiff.position(tiff.getInt(4));
            for (int left = tiff.getShort() & 0xFFFF; left > 0; left--) {
                int tag = tiff.getShort() & 0xFFFF;
                int type = tiff.getShort();
                int count = tiff.getInt();
                int value = tiff.position();
                tiff.position(value + 4);
                if (tag == TAG && count == 1) {
                    return value(tiff, type, value);
                }
            }
            return -1;
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
            return -1; // damaged metadata do not make the image unusable
        }
    }

    private static int value(ByteBuffer tiff, int type, int at) {
        return switch (type) {
            case 1 -> tiff.get(at) & 0xFF; // BYTE
            case 3 -> tiff.getShort(at) & 0xFFFF; // SHORT, which is what the standard wants
            case 4 -> tiff.getInt(at); // LONG
            default -> -1;
        };
    }

    /** The image turned upright. */
    RgbImage apply(RgbImage image) {
        if (this == TOP_LEFT) {
            return image;
        }
        int height = swapped ? image.width() : image.height();
        int width = swapped ? image.height() : image.width();
        byte[] stored = image.pixels();
        byte[] upright = new byte[stored.length];
        int to = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int row = swapped ? x : y;
                int column = swapped ? y : x;
                int from = 3
                        * ((upwards ? image.height() - 1 - row : row) * image.width()
                                + (leftwards ? image.width() - 1 - column : column));
                upright[to++] = stored[from];
                upright[to++] = stored[from + 1];
                upright[to++] = stored[from + 2];
            }
        }
        return new RgbImage(upright, height, width);
    }
}
