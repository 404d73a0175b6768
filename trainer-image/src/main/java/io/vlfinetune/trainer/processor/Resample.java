package io.vlfinetune.trainer.processor;

import io.vlfinetune.trainer.config.ConfigSection;

/** Pillow's convolution filters, {@code Resample.c}. */
public enum Resample {
    /** {@code resample: 1}. */
    Lanczos(3) {
        @Override
        double weight(double x) {
            return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0;
        }
    },
    /** {@code resample: 2}. */
    Bilinear(1) {
        @Override
        double weight(double x) {
            return Math.max(0, 1 - Math.abs(x));
        }
    },
    /** {@code resample: 3}, with a = -0.5. */
    Bicubic(2) {
        @Override
        double weight(double signed) {
            double x = Math.abs(signed);
            if (x < 1) {
                return (1.5 * x - 2.5) * x * x + 1;
            }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
        }
    };

    private final double support;

    Resample(double support) {
        this.support = support;
    }

    /** The filter that {@code resample} names. */
    public static Resample of(ConfigSection config, Resample absent) {
        if (!config.has("resample")) {
            return absent;
        }
        return switch (config.integer("resample", 0)) {
            case 1 -> Lanczos;
            case 2 -> Bilinear;
            case 3 -> Bicubic;
            default -> throw config.refused("resample", "1 (Lanczos), 2 (bilinear), 3 (bicubic)");
        };
    }

    /** The half width of the filter, in pixels of the smaller scale. */
    double support() {
        return support;
    }

    /** The filter's value at a distance from the centre. */
    abstract double weight(double x);

    private static double sinc(double x) {
        if (x == 0) {
            return 1;
        }
        double angle = x * Math.PI;
        return Math.sin(angle) / angle;
    }
}
