package io.vlfinetune.operator.conditions;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Numbers as people read them. */
final class Numbers {
    private static final int DIGITS = 3;
    private static final int SECONDS_IN_MINUTE = 60;
    private static final int MINUTES_IN_HOUR = 60;

    private Numbers() {}

    /** Three significant digits, and whole numbers from a hundred on; text that is no number (NaN) stays. */
    static String shorten(String decimal) {
        try {
            BigDecimal value = new BigDecimal(decimal);
            int whole = value.precision() - value.scale();
            return whole >= DIGITS
                    ? value.setScale(0, RoundingMode.HALF_EVEN).toPlainString()
                    : value.round(new MathContext(DIGITS, RoundingMode.HALF_EVEN))
                            .toPlainString();
        } catch (NumberFormatException e) {
            return decimal;
        }
    }

    /** With thousands separators: 36,715,520. */
    static String grouped(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** Such as 2h5m, 5m10s, 42s. */
    static String duration(long seconds) {
        long minutes = seconds / SECONDS_IN_MINUTE;
        long hours = minutes / MINUTES_IN_HOUR;
        if (hours > 0) {
            return hours + "h" + minutes % MINUTES_IN_HOUR + "m";
        }
        return minutes > 0 ? minutes + "m" + seconds % SECONDS_IN_MINUTE + "s" : seconds + "s";
    }
}
