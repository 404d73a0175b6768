package io.vlfinetune.trainer.processor;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Compares Jinja templates by what they render: layout inside tags, comments and generation marks do not count. */
final class JinjaText {
    private static final Pattern IGNORED =
            Pattern.compile("\\{#.*?#\\}|\\{%\\s*(end)?generation\\s*%\\}", Pattern.DOTALL);
    private static final Pattern TAG = Pattern.compile("\\{%.*?%\\}|\\{\\{.*?\\}\\}", Pattern.DOTALL);
    private static final Pattern WORD = Pattern.compile("'[^']*'|\"[^\"]*\"|\\s+|[^\\s'\"]+");

    private JinjaText() {}

    static String normalise(String template) {
        String kept = IGNORED.matcher(template).replaceAll("");
        return TAG.matcher(kept)
                .replaceAll(tag -> Matcher.quoteReplacement(normaliseTag(tag.group())))
                .strip();
    }

    private static String normaliseTag(String tag) {
        return WORD.matcher(tag).replaceAll(word -> Matcher.quoteReplacement(normaliseWord(word.group())));
    }

    /** Quotes of one kind, line breaks in literals as escapes, and no blanks between words. */
    private static String normaliseWord(String word) {
        if (word.startsWith("'") || word.startsWith("\"")) {
            return "'" + word.substring(1, word.length() - 1).replace("\n", "\\n") + "'";
        }
        return word.isBlank() ? "" : word;
    }
}
