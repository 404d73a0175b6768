package io.vlfinetune.cli.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.util.Locale;

/** Numbers as people read them. */
final class Figures {
    private static final double LARGE = 1e6;
    private static final double SMALL = 1e-3;
    private static final int DIGITS = 4;
    private static final double KIBI = 1024;
    private static final String[] BYTES = {"B", "KiB", "MiB", "GiB", "TiB"};
    private static final double KILO = 1000;
    private static final String[] COUNTS = {"", "k", "M", "B"};
    private static final int SIXTY = 60;

    private Figures() {}

    /** With thousands separators: 36,715,520. */
    static String grouped(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** Four significant digits without trailing zeros; an exponent only where the number is very small or large. */
    static String number(double value) {
        if (!Double.isFinite(value)) {
            return Double.toString(value);
        }
        if (value == 0) {
            return "0";
        }
        BigDecimal rounded =
                new BigDecimal(value).round(new MathContext(DIGITS)).stripTrailingZeros();
        double size = Math.abs(value);
        if (size >= LARGE || size < SMALL) {
            int exponent = rounded.precision() - rounded.scale() - 1;
            return rounded.movePointLeft(exponent).stripTrailingZeros().toPlainString() + "e" + exponent;
        }
        return rounded.toPlainString();
    }

    /** Such as 512 MiB or 3.21 GiB. */
    static String bytes(long bytes) {
        return scaled((double) bytes, KIBI, BYTES, " ");
    }

    /** Such as 28.9k or 3.75B (billions, as model sizes are named). */
    static String count(long count) {
        return scaled((double) count, KILO, COUNTS, "");
    }

    private static String scaled(double value, double base, String[] units, String space) {
        int unit = 0;
        double left = value;
        while (left >= base && unit < units.length - 1) {
            left /= base;
            unit++;
        }
        int decimals = unit == 0 || left >= 100 ? 0 : left >= 10 ? 1 : 2;
        return String.format(Locale.ROOT, "%." + decimals + "f", left) + space + units[unit];
    }

    /** Such as 2 h 5 min, 5 min 10 s, 42 s. */
    static String duration(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        long minutes = seconds / SIXTY;
        if (minutes >= SIXTY) {
            return minutes / SIXTY + " h " + minutes % SIXTY + " min";
        }
        return minutes > 0 ? minutes + " min " + seconds % SIXTY + " s" : seconds + " s";
    }

    /** A part's name as words: vision tower. */
    static String words(Enum<?> value) {
        return value.name().replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    }

    /** The same with a capital at its beginning. */
    static String title(String words) {
        return words.isEmpty() ? words : words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
    }
}
