package io.vlfinetune.trainer.freeze;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Names of tensors, with {@code *} for any characters, dots included. The whole name has to match: {@code *.layers.1.*}
 * is layer 1 and not layer 10.
 *
 * @param text as declared
 */
record NamePattern(String text) {
    private static final int NEAREST = 3;

    boolean matches(String name) {
        String[] pieces = text.split("\\*", -1);
        if (pieces.length == 1) {
            return name.equals(text);
        }
        String last = pieces[pieces.length - 1];
        if (!name.startsWith(pieces[0]) || name.length() < pieces[0].length() + last.length() || !name.endsWith(last)) {
            return false;
        }
        // Each piece as early as it can be leaves the most room for those after it.
        int at = pieces[0].length();
        int end = name.length() - last.length();
        for (int i = 1; i < pieces.length - 1; i++) {
            int found = name.indexOf(pieces[i], at);
            if (found < 0 || found + pieces[i].length() > end) {
                return false;
            }
            at = found + pieces[i].length();
        }
        return true;
    }

    /** The same pattern with the beginning that names have in all layouts. */
    NamePattern spelled(UnaryOperator<String> layoutFree) {
        return new NamePattern(layoutFree.apply(text));
    }

    /** Names that come near it, the nearest first. */
    List<String> nearest(List<PlannedTensor> tensors) {
        String wanted = text.replace("*", "");
        List<String> names =
                new ArrayList<>(tensors.stream().map(PlannedTensor::name).toList());
        names.sort(
                Comparator.comparingInt((String name) -> -common(name, wanted)).thenComparing(name -> name));
        return names.subList(0, Math.min(NEAREST, names.size()));
    }

    /** How many pairs of neighbouring characters both have: near names share most of theirs, wherever they differ. */
    private static int common(String name, String wanted) {
        int pairs = 0;
        for (int i = 0; i + 1 < wanted.length(); i++) {
            if (name.contains(wanted.substring(i, i + 2))) {
                pairs++;
            }
        }
        return pairs * 100 - Math.abs(name.length() - wanted.length());
    }
}
