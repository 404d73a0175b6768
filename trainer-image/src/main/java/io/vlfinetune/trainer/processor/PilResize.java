package io.vlfinetune.trainer.processor;

import io.vlfinetune.trainer.data.RgbImage;
import java.util.Arrays;

/**
 * Pillow's resize of 8-bit images, equal byte for byte to Pillow up to 12.2: fixed-point weights of 22 bits,
 * horizontal pass first ({@code Resample.c}). Pillow 13.0 passes the other way round and differs by up to 13 levels.
 */
public final class PilResize {
    private static final int PRECISION = 22;
    private static final int HALF = 1 << (PRECISION - 1);

    private PilResize() {}

    /**
     * The image in another size.
     *
     * @throws RefusedException if it has too many pixels then, or half-way
     */
    public static RgbImage resize(RgbImage image, int height, int width, Resample filter) {
        if ((long) Math.max(image.height(), height) * width > RgbImage.MOST_PIXELS) {
            throw new RefusedException(
                    "an image of %d x %d pixels (height x width) would become one of %d x %d, more than %,d pixels; cut it into parts or leave it out"
                            .formatted(image.height(), image.width(), height, width, RgbImage.MOST_PIXELS));
        }
        byte[] rows =
                width == image.width() ? image.pixels() : horizontal(image, new Weights(image.width(), width, filter));
        byte[] pixels =
                height == image.height() ? rows : vertical(rows, width, new Weights(image.height(), height, filter));
        return new RgbImage(pixels, height, width);
    }

    private static byte[] horizontal(RgbImage image, Weights weights) {
        int width = weights.count();
        byte[] in = image.pixels();
        byte[] out = new byte[3 * image.height() * width];
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < width; x++) {
                int[] row = weights.values[x];
                int from = 3 * (y * image.width() + weights.first[x]);
                int red = HALF;
                int green = HALF;
                int blue = HALF;
                for (int i = 0; i < row.length; i++) {
                    red += (in[from + 3 * i] & 0xFF) * row[i];
                    green += (in[from + 3 * i + 1] & 0xFF) * row[i];
                    blue += (in[from + 3 * i + 2] & 0xFF) * row[i];
                }
                int to = 3 * (y * width + x);
                out[to] = clip(red);
                out[to + 1] = clip(green);
                out[to + 2] = clip(blue);
            }
        }
        return out;
    }

    private static byte[] vertical(byte[] in, int width, Weights weights) {
        int stride = 3 * width;
        byte[] out = new byte[weights.count() * stride];
        int[] sums = new int[stride];
        for (int y = 0; y < weights.count(); y++) {
            Arrays.fill(sums, HALF);
            int[] column = weights.values[y];
            for (int i = 0; i < column.length; i++) {
                int from = (weights.first[y] + i) * stride;
                for (int x = 0; x < stride; x++) {
                    sums[x] += (in[from + x] & 0xFF) * column[i];
                }
            }
            for (int x = 0; x < stride; x++) {
                out[y * stride + x] = clip(sums[x]);
            }
        }
        return out;
    }

    private static byte clip(int sum) {
        return (byte) Math.clamp(sum >> PRECISION, 0, 255);
    }

    /** For each output pixel: the first input pixel it sees, and the weights from there on. */
    private static final class Weights {
        private final int[] first;
        private final int[][] values;

        Weights(int in, int out, Resample filter) {
            first = new int[out];
            values = new int[out][];
            double scale = (double) in / out;
            double stretch = Math.max(scale, 1);
            double support = filter.support() * stretch;
            for (int i = 0; i < out; i++) {
                double centre = (i + 0.5) * scale;
                int low = Math.max(0, (int) (centre - support + 0.5));
                int high = Math.min(in, (int) (centre + support + 0.5));
                first[i] = low;
                values[i] = fixedPoint(filter, centre, 1.0 / stretch, low, high);
            }
        }

        int count() {
            return first.length;
        }

        private static int[] fixedPoint(Resample filter, double centre, double shrink, int low, int high) {
            double[] weights = new double[high - low];
            double sum = 0;
            for (int i = 0; i < weights.length; i++) {
                // In this order of operations: another one rounds otherwise.
                weights[i] = filter.weight((i + low - centre + 0.5) * shrink);
                sum += weights[i];
            }
            int[] fixed = new int[weights.length];
            for (int i = 0; i < fixed.length; i++) {
                double weight = (sum == 0 ? weights[i] : weights[i] / sum) * (1 << PRECISION);
                fixed[i] = (int) (weight < 0 ? weight - 0.5 : weight + 0.5);
            }
            return fixed;
        }
    }
}
