package io.vlfinetune.cli.resource;

import java.util.Iterator;
import java.util.Locale;

/** Guesses what a misspelt name was meant to be. */
final class Nearest {
    private Nearest() {}

    /** {@code ", did you mean <name>?"}, or nothing where no known name is close. */
    static String hint(String word, Iterator<String> known) {
        String best = "";
        int least = Math.max(2, word.length() / 3) + 1;
        while (known.hasNext()) {
            String candidate = known.next();
            int edits = distance(word.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
            if (edits < least) {
                least = edits;
                best = candidate;
            }
        }
        return best.isEmpty() ? "" : ", did you mean " + best + "?";
    }

    /** Levenshtein's distance: insertions, deletions and substitutions. */
    private static int distance(String left, String right) {
        int[] previous = new int[right.length() + 1];
        for (int column = 0; column <= right.length(); column++) {
            previous[column] = column;
        }
        for (int row = 1; row <= left.length(); row++) {
            int[] current = new int[right.length() + 1];
            current[0] = row;
            for (int column = 1; column <= right.length(); column++) {
                int substitution = previous[column - 1] + (left.charAt(row - 1) == right.charAt(column - 1) ? 0 : 1);
                current[column] = Math.min(substitution, 1 + Math.min(previous[column], current[column - 1]));
            }
            previous = current;
        }
        return previous[right.length()];
    }
}
