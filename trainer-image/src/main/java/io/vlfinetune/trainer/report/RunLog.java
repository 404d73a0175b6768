package io.vlfinetune.trainer.report;

import java.io.PrintStream;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;

/** The trainer's own log: lines for people, of which the last ones go into the last word. */
public final class RunLog {
    /** How much of the log the last word may carry, in characters. */
    private static final int TAIL = 2000;

    private final PrintStream out;
    private final Clock clock;
    private final Deque<String> tail = new ArrayDeque<>();
    private int length;

    /** Writes to a stream, each line with its time. */
    public RunLog(PrintStream out, Clock clock) {
        this.out = out;
        this.clock = clock;
    }

    /** Writes a line. */
    public synchronized void line(String message) {
        String text = clock.instant().truncatedTo(ChronoUnit.SECONDS) + " " + message;
        out.println(text);
        tail.addLast(text);
        length += text.length() + 1;
        while (length > TAIL && tail.size() > 1) {
            length -= tail.removeFirst().length() + 1;
        }
    }

    /** The last lines. */
    public synchronized String tail() {
        String text = String.join("\n", tail);
        return text.length() <= TAIL ? text : text.substring(text.length() - TAIL);
    }
}
