package io.vlfinetune.cli.report;

import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.stream.DoubleStream;

/**
 * Curves over steps as SVG. Series differ in colour, in dashes and in the shape of their marks, and are named in a legend
 * that shows them, so that nothing depends on colour.
 *
 * @param title what is shown
 * @param unit what the vertical axis counts
 * @param series the curves
 * @param lastStep right end of the horizontal axis
 * @param resumed steps at which an attempt went on from a checkpoint
 * @param highest the vertical axis ends no lower; 0: where the curves end
 * @param zoom whether the vertical axis may be logarithmic
 * @param format how numbers on the vertical axis are written
 */
record LineChart(
        String title,
        String unit,
        List<Series> series,
        long lastStep,
        List<Long> resumed,
        double highest,
        boolean zoom,
        DoubleFunction<String> format) {
    private static final int WIDTH = 480;
    private static final int HEIGHT = 240;
    private static final int LEFT = 62;
    private static final int RIGHT = 14;
    private static final int TOP = 12;
    private static final int BOTTOM = 38;
    /** Letters of the axes are so much lower than their middle. */
    private static final int HALF_LETTER = 4;

    /** Looks of a curve. */
    enum Look {
        /** Every value, thin and pale, behind the others. */
        RAW,
        /** A line. */
        LINE,
        /** A line with a mark at each value. */
        MARKED,
        /** Something to compare with. */
        REFERENCE
    }

    /**
     * One curve.
     *
     * @param name its name in the legend
     * @param look how it is drawn
     * @param number its colour, dashes and marks: 0 to 3
     * @param points its points
     */
    record Series(String name, Look look, int number, List<Point> points) {
        Series {
            points = points.stream()
                    .filter(point -> Double.isFinite(point.value()))
                    .toList();
            number = number % 4;
        }

        private String style() {
            return look.name().toLowerCase(Locale.ROOT) + " s" + number;
        }
    }

    /**
     * One point.
     *
     * @param step its step
     * @param value its value
     */
    record Point(long step, double value) {}

    /** Draws the chart, or says that there is nothing to draw. */
    void draw(Html html) {
        html.open("figure", "class", "chart").leaf("figcaption", title);
        List<Series> drawn =
                series.stream().filter(one -> !one.points().isEmpty()).toList();
        if (drawn.stream().allMatch(one -> one.look() == Look.REFERENCE)) {
            html.leaf("p", "Nothing was measured.", "class", "nothing").closeLine();
            return;
        }
        Axis across = Axis.steps(lastStep);
        Axis up = vertical(drawn);
        html.leaf("p", unit + (up.logarithmic() ? ", logarithmic" : ""), "class", "unit");
        html.open("svg", "xmlns", "http://www.w3.org/2000/svg", "viewBox", "0 0 " + WIDTH + " " + HEIGHT)
                .leaf("title", summary(drawn));
        grid(html, across, up);
        drawn.forEach(one -> curve(html, one, across, up));
        html.close();
        legend(html, drawn);
        html.closeLine();
    }

    private Axis vertical(List<Series> drawn) {
        double smallest = values(drawn).min().orElse(0);
        double largest = Math.max(highest, values(drawn).max().orElse(0));
        return zoom ? Axis.fitting(smallest, largest) : Axis.fromZero(largest);
    }

    private static DoubleStream values(List<Series> drawn) {
        return drawn.stream().flatMap(one -> one.points().stream()).mapToDouble(Point::value);
    }

    /** For those who do not see the picture: where each curve begins and ends. */
    private String summary(List<Series> drawn) {
        StringBuilder text = new StringBuilder(title).append(" over steps.");
        for (Series one : drawn) {
            if (one.look() != Look.RAW) {
                text.append(' ').append(one.name()).append(": from ");
                text.append(format.apply(one.points().getFirst().value())).append(" to ");
                text.append(format.apply(one.points().getLast().value())).append('.');
            }
        }
        return text.toString();
    }

    private void grid(Html html, Axis across, Axis up) {
        int bottom = HEIGHT - BOTTOM;
        for (double mark : up.marks()) {
            double y = y(up, mark);
            line(html, "grid", LEFT, y, WIDTH - RIGHT, y);
            label(html, LEFT - 6, y + HALF_LETTER, "end", format.apply(mark));
        }
        for (double mark : across.marks()) {
            double x = x(across, (long) mark);
            line(html, "tick", x, bottom, x, bottom + 4);
            label(html, x, bottom + 17, "middle", Figures.grouped((long) mark));
        }
        line(html, "axis", LEFT, bottom, WIDTH - RIGHT, bottom);
        label(html, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - HALF_LETTER, "middle", "step");
        for (long step : resumed) {
            double x = x(across, step);
            line(html, "resumed", x, TOP, x, bottom);
        }
    }

    private static void line(Html html, String style, double x1, double y1, double x2, double y2) {
        html.open("line", "class", style, "x1", at(x1), "y1", at(y1), "x2", at(x2), "y2", at(y2))
                .close();
    }

    private static void label(Html html, double x, double y, String anchor, String text) {
        html.leaf("text", text, "x", at(x), "y", at(y), "text-anchor", anchor);
    }

    private static void curve(Html html, Series one, Axis across, Axis up) {
        StringBuilder points = new StringBuilder();
        for (Point point : one.points()) {
            points.append(at(x(across, point.step())))
                    .append(',')
                    .append(at(y(up, point.value())))
                    .append(' ');
        }
        html.open("polyline", "class", one.style(), "points", points.toString().strip())
                .close();
        if (one.look() == Look.MARKED || one.points().size() == 1) {
            for (Point point : one.points()) {
                mark(html, one.number(), x(across, point.step()), y(up, point.value()));
            }
        }
    }

    /** Circle, square, diamond or triangle. */
    private static void mark(Html html, int number, double x, double y) {
        String path = switch (number) {
            case 0 -> "m-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0z";
            case 1 -> "m-3.2,-3.2h6.4v6.4h-6.4z";
            case 2 -> "m0,-4.6l4.6,4.6l-4.6,4.6l-4.6,-4.6z";
            default -> "m0,-4.4l4.4,7.6h-8.8z";
        };
        html.open("path", "class", "mark s" + number, "d", "M" + at(x) + "," + at(y) + path)
                .close();
    }

    private void legend(Html html, List<Series> drawn) {
        html.open("ul", "class", "legend");
        for (Series one : drawn) {
            html.open("li").open("svg", "viewBox", "0 0 34 12", "aria-hidden", "true");
            html.open("polyline", "class", one.style(), "points", "1,6 33,6").close();
            if (one.look() == Look.MARKED) {
                mark(html, one.number(), 17, 6);
            }
            html.close().text(one.name()).close();
        }
        if (!resumed.isEmpty()) {
            html.open("li").open("svg", "viewBox", "0 0 34 12", "aria-hidden", "true");
            line(html, "resumed", 17, 0, 17, 12);
            html.close().text("resumed from a checkpoint").close();
        }
        html.close();
    }

    private static double x(Axis across, long step) {
        return LEFT + across.position((double) step) * (WIDTH - LEFT - RIGHT);
    }

    private static double y(Axis up, double value) {
        return HEIGHT - BOTTOM - up.position(value) * (HEIGHT - TOP - BOTTOM);
    }

    /** Tenths of a unit: finer than a screen shows, and the page stays small. */
    private static String at(double coordinate) {
        String text = String.format(Locale.ROOT, "%.1f", coordinate);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }
}
