package io.vlfinetune.cli.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A range of values with round marks.
 *
 * @param low smallest value that is shown
 * @param high largest value that is shown
 * @param logarithmic whether equal distances are equal ratios
 * @param marks where a line and a number are drawn, ascending
 */
record Axis(double low, double high, boolean logarithmic, List<Double> marks) {
    private static final int WANTED = 5;
    private static final double[] STEPS = {1, 2, 5, 10};
    /** From this ratio on, a linear axis would hide the smaller half of a curve at its bottom. */
    private static final double RATIO = 50;

    Axis {
        marks = List.copyOf(marks);
    }

    /** Begins at zero and ends at a round number. */
    static Axis fromZero(double largest) {
        double high = largest > 0 && Double.isFinite(largest) ? largest : 1;
        double step = round(high / WANTED);
        List<Double> marks = new ArrayList<>();
        for (int i = 0; (i - 1) * step < high; i++) {
            marks.add(i * step);
        }
        return new Axis(0, marks.getLast(), false, marks);
    }

    /** From the first to the last step; marks at round steps, none beyond the last. */
    static Axis steps(long last) {
        double high = (double) Math.max(1, last);
        double step = Math.max(1, round(high / WANTED));
        List<Double> marks = new ArrayList<>();
        for (double mark = 0; mark <= high; mark += step) {
            marks.add(mark);
        }
        return new Axis(0, high, false, marks);
    }

    /** Logarithmic where the values differ by orders of magnitude, else from zero. */
    static Axis fitting(double smallest, double largest) {
        if (!(smallest > 0) || largest / smallest < RATIO || Double.isInfinite(largest)) {
            return fromZero(largest);
        }
        double low = Math.pow(10, Math.floor(Math.log10(smallest) + 1e-9));
        List<Double> marks = new ArrayList<>();
        double mark = low;
        do {
            marks.add(mark);
            mark *= 10;
        } while (marks.getLast() < largest * (1 - 1e-9));
        return new Axis(low, marks.getLast(), true, marks);
    }

    /** 1, 2 or 5 times a power of ten, not smaller than the value. */
    private static double round(double value) {
        double power = Math.pow(10, Math.floor(Math.log10(value)));
        for (double step : STEPS) {
            if (value <= step * power * (1 + 1e-9)) {
                return step * power;
            }
        }
        return STEPS[STEPS.length - 1] * power;
    }

    /** Where a value lies: 0 at the low end, 1 at the high end. */
    double position(double value) {
        if (logarithmic) {
            return Math.log(Math.max(value, low) / low) / Math.log(high / low);
        }
        return (value - low) / (high - low);
    }
}
