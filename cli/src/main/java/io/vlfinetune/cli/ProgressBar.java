package io.vlfinetune.cli;

import java.util.Locale;

/** A bar on standard error that is drawn again in its place; nothing where nobody looks. */
final class ProgressBar {
    private static final int WIDTH = 30;

    private final Surroundings surroundings;
    private long drawn = -1;

    ProgressBar(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    /** Shows that some of all bytes are done, when that makes a difference of a tenth of a percent. */
    void show(long done, long all) {
        long thousandths = all == 0 ? 1000 : 1000 * done / all;
        if (!surroundings.terminal() || thousandths == drawn) {
            return;
        }
        drawn = thousandths;
        int full = (int) (WIDTH * thousandths / 1000);
        surroundings
                .err()
                .printf(
                        Locale.ROOT,
                        "\r[%s%s] %5.1f %% of %.2f GB",
                        "#".repeat(full),
                        " ".repeat(WIDTH - full),
                        thousandths / 10.0,
                        all / 1e9);
        surroundings.err().flush();
    }

    /** Takes the bar away. */
    void clear() {
        if (drawn >= 0) {
            surroundings.err().print("\r\u001b[K");
            surroundings.err().flush();
        }
    }
}
