package io.vlfinetune.e2e.monitoring;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * As much of PromQL as it takes to find the metrics of an expression and the labels that it uses. Brackets must match and
 * every character must belong to a token; what is left after functions, keywords and lists of labels are metrics.
 */
final class PromQl {
    private static final Pattern TOKEN = Pattern.compile(
            "\\s+|(?<text>\"(?:[^\"\\\\]|\\\\.)*\")|(?<range>\\[[^\\]]+\\])|(?<number>[0-9][0-9.eE]*[smhdwy]?)"
                    + "|(?<word>[A-Za-z_:][A-Za-z0-9_:]*)|(?<mark>=~|!~|!=|==|>=|<=|[-+*/%^=<>(){},])");
    private static final Set<String> FUNCTIONS =
            Set.of("absent", "histogram_quantile", "increase", "max", "min", "min_over_time", "rate", "sum");
    private static final Set<String> LISTS = Set.of("by", "without", "on", "ignoring", "group_left", "group_right");
    private static final Set<String> KEYWORDS = Set.of("and", "or", "unless", "bool", "offset");

    private final List<String> tokens = new ArrayList<>();
    private final TreeMap<String, Set<String>> metrics = new TreeMap<>();
    private final Set<String> grouped = new TreeSet<>();

    private PromQl(String expression) {
        Matcher matcher = TOKEN.matcher(expression);
        int at = 0;
        while (at < expression.length()) {
            if (!matcher.find(at) || matcher.start() != at) {
                throw new IllegalArgumentException("no PromQL at " + at + " of " + expression);
            }
            at = matcher.end();
            if (!matcher.group().isBlank()) {
                tokens.add(matcher.group());
            }
        }
        requireBrackets(expression);
        read();
    }

    /** Reads an expression. */
    static PromQl parse(String expression) {
        return new PromQl(expression);
    }

    /** Metrics, each with the labels that its matchers name. */
    Map<String, Set<String>> metrics() {
        return metrics;
    }

    /** Labels of by, on and their kin. */
    Set<String> grouped() {
        return grouped;
    }

    private void requireBrackets(String expression) {
        Deque<String> open = new ArrayDeque<>();
        for (String token : tokens) {
            switch (token) {
                case "(" -> open.push(")");
                case "{" -> open.push("}");
                case ")", "}" -> {
                    if (open.isEmpty() || !open.pop().equals(token)) {
                        throw new IllegalArgumentException(token + " closes nothing in " + expression);
                    }
                }
                default -> {}
            }
        }
        if (!open.isEmpty()) {
            throw new IllegalArgumentException(open.peek() + " is missing in " + expression);
        }
    }

    private void read() {
        for (int i = 0; i < tokens.size(); i++) {
            String token = tokens.get(i);
            boolean word = Character.isLetter(token.charAt(0)) || token.charAt(0) == '_';
            if (!word || KEYWORDS.contains(token) || FUNCTIONS.contains(token)) {
                continue;
            }
            String next = i + 1 < tokens.size() ? tokens.get(i + 1) : "";
            if (LISTS.contains(token)) {
                i = labels(i + 2, ")", grouped);
            } else {
                Set<String> matched = metrics.computeIfAbsent(token, name -> new TreeSet<>());
                if (next.equals("{")) {
                    i = labels(i + 2, "}", matched);
                }
            }
        }
    }

    /** Collects label names up to a bracket; returns its place. */
    private int labels(int from, String end, Set<String> into) {
        int i = from;
        while (!tokens.get(i).equals(end)) {
            if (Character.isLetter(tokens.get(i).charAt(0))) {
                into.add(tokens.get(i));
            }
            i++;
        }
        return i;
    }
}
