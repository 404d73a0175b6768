package io.vlfinetune.cli.report;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;

/**
 * Appends elements and text. What comes out is well-formed as HTML and as XML: every text and attribute is escaped,
 * every element is closed, and characters that XML does not know (the escape codes of a coloured log) are replaced.
 */
final class Html {
    private static final Set<String> VOID = Set.of("meta", "br");
    private static final char REPLACEMENT = '\uFFFD';

    private final StringBuilder out = new StringBuilder();
    private final Deque<String> open = new ArrayDeque<>();

    /**
     * Opens an element.
     *
     * @param attributes name, value, name, value, …
     */
    Html open(String tag, String... attributes) {
        if (attributes.length % 2 != 0) {
            throw new IllegalArgumentException("an attribute of " + tag + " has no value");
        }
        out.append('<').append(tag);
        for (int i = 0; i < attributes.length; i += 2) {
            out.append(' ').append(attributes[i]).append("=\"");
            escape(attributes[i + 1]);
            out.append('"');
        }
        if (VOID.contains(tag)) {
            out.append(" />");
        } else {
            out.append('>');
            open.push(tag);
        }
        return this;
    }

    /** Closes the element that was opened last. */
    Html close() {
        out.append("</").append(open.pop()).append('>');
        return this;
    }

    /** Closes it and begins a line, so that the page's source can be read. */
    Html closeLine() {
        close();
        out.append('\n');
        return this;
    }

    /** Text, escaped. */
    Html text(String text) {
        escape(text);
        return this;
    }

    /** An element with nothing but text in it. */
    Html leaf(String tag, String text, String... attributes) {
        return open(tag, attributes).text(text).close();
    }

    /** The page's own style sheet, which is neither escaped nor foreign. */
    Html style(String css) {
        if (css.indexOf('<') >= 0 || css.indexOf('&') >= 0) {
            throw new IllegalArgumentException("the style sheet has characters that HTML and XML read differently");
        }
        out.append("<style>\n").append(css).append("</style>\n");
        return this;
    }

    private void escape(String text) {
        text.codePoints().forEach(point -> {
            switch (point) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.appendCodePoint(known(point) ? point : REPLACEMENT);
            }
        });
    }

    /** {@code Char} of XML 1.0, section 2.2. */
    private static boolean known(int point) {
        return point == '\t'
                || point == '\n'
                || point == '\r'
                || (point >= 0x20 && point <= 0xD7FF)
                || (point >= 0xE000 && point <= 0xFFFD)
                || point >= 0x10000;
    }

    @Override
    public String toString() {
        if (!open.isEmpty()) {
            throw new IllegalStateException("not closed: " + open);
        }
        return out.toString();
    }
}
