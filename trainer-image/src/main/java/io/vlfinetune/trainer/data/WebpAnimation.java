package io.vlfinetune.trainer.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The first frame of an animated WebP, which is what Pillow shows: it lies on a canvas that is black outside of it, and
 * its alpha is dropped. Source: WebP container specification; libwebp {@code anim_decode.c}, where the first frame is a
 * key frame and is not blended.
 *
 * @param file the frame as a WebP file of its own
 * @param x columns of the canvas to the left of the frame
 * @param y rows of the canvas above the frame
 * @param height rows of the canvas
 * @param width columns of the canvas
 */
@SuppressWarnings("ArrayRecordComponent") // a short-lived carrier
record WebpAnimation(byte[] file, int x, int y, int height, int width) {
    private static final int ANIMATION_FLAG = 0x02;
    private static final int ALPHA_FLAG = 0x10;
    private static final int FRAME_HEADER = 16;
    private static final int EXTENDED_SIZE = 10;

    /** Whether a WebP file has frames in place of one image. */
    static boolean is(byte[] file) {
        List<RiffChunk> chunks = RiffChunk.list(file, 12, file.length);
        return !chunks.isEmpty()
                && chunks.getFirst().is("VP8X")
                && chunks.getFirst().size() >= EXTENDED_SIZE
                && (file[chunks.getFirst().dataStart()] & ANIMATION_FLAG) != 0;
    }

    /** Takes the first frame out. */
    static WebpAnimation firstFrame(byte[] file) throws IOException {
        List<RiffChunk> chunks = RiffChunk.list(file, 12, file.length);
        int canvas = chunks.getFirst().dataStart();
        for (RiffChunk chunk : chunks) {
            if (chunk.is("ANMF") && chunk.size() >= FRAME_HEADER) {
                int at = chunk.dataStart();
                var frame = new WebpAnimation(
                        alone(file, chunk),
                        2 * number(file, at),
                        2 * number(file, at + 3),
                        number(file, canvas + 7) + 1,
                        number(file, canvas + 4) + 1);
                if (frame.x + number(file, at + 6) >= frame.width || frame.y + number(file, at + 9) >= frame.height) {
                    throw new IOException("it is a damaged WebP: its first frame does not fit on the canvas");
                }
                return frame;
            }
        }
        throw new IOException("it is an animated WebP without frames");
    }

    private static byte[] alone(byte[] file, RiffChunk frame) {
        int at = frame.dataStart();
        var parts = new ArrayList<byte[]>();
        boolean alpha = false;
        for (RiffChunk part : RiffChunk.list(file, at + FRAME_HEADER, at + frame.size())) {
            if (part.is("ALPH") || part.is("VP8 ") || part.is("VP8L")) {
                alpha |= part.is("ALPH");
                parts.add(part.whole());
            }
        }
        if (alpha) { // the simple layout has no place for it
            ByteBuffer extended = ByteBuffer.allocate(8 + EXTENDED_SIZE).order(ByteOrder.LITTLE_ENDIAN);
            extended.put("VP8X".getBytes(StandardCharsets.US_ASCII))
                    .putInt(EXTENDED_SIZE)
                    .putInt(ALPHA_FLAG);
            parts.addFirst(extended.put(file, at + 6, 6).array());
        }
        int size = 4 + parts.stream().mapToInt(part -> part.length).sum();
        ByteBuffer alone = ByteBuffer.allocate(8 + size).order(ByteOrder.LITTLE_ENDIAN);
        alone.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(size);
        alone.put("WEBP".getBytes(StandardCharsets.US_ASCII));
        parts.forEach(alone::put);
        return alone.array();
    }

    /** The canvas with the decoded frame on it. */
    RgbImage compose(RgbImage frame) throws IOException {
        if (x + frame.width() > width || y + frame.height() > height) {
            throw new IOException("it is a damaged WebP: its first frame does not fit on the canvas");
        }
        byte[] pixels = new byte[3 * height * width];
        for (int row = 0; row < frame.height(); row++) {
            System.arraycopy(
                    frame.pixels(), 3 * row * frame.width(), pixels, 3 * ((y + row) * width + x), 3 * frame.width());
        }
        return new RgbImage(pixels, height, width);
    }

    /** 24 bits, little-endian. */
    private static int number(byte[] file, int at) {
        return (file[at] & 0xFF) | (file[at + 1] & 0xFF) << 8 | (file[at + 2] & 0xFF) << 16;
    }
}
