package io.vlfinetune.trainer.processor;

/** What Python's texts do otherwise than Java's. */
public final class PythonText {
    private PythonText() {}

    /** Without white space on both sides, as {@code str.strip} and so Jinja's {@code trim} do it. */
    public static String strip(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isSpace(text.charAt(start))) {
            start++;
        }
        while (end > start && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    /** {@code str.isspace}: Java's own {@code isWhitespace} leaves out no-break spaces and U+0085. */
    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }
}
