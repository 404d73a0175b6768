package io.vlfinetune.cli;

import java.util.ArrayList;
import java.util.List;

/** Columns of text, as wide as their widest cell and three spaces apart. */
final class TextTable {
    private static final int GAP = 3;

    private TextTable() {}

    /** The rows as lines; nothing trails. */
    static List<String> lines(List<List<String>> rows) {
        List<Integer> widths = new ArrayList<>();
        for (List<String> row : rows) {
            for (int column = 0; column < row.size(); column++) {
                int width = row.get(column).length();
                if (column == widths.size()) {
                    widths.add(width);
                } else {
                    widths.set(column, Math.max(width, widths.get(column)));
                }
            }
        }
        return rows.stream().map(row -> line(row, widths)).toList();
    }

    /** One row in columns of given widths; a wider cell moves the rest. */
    static String line(List<String> row, List<Integer> widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < row.size(); column++) {
            String cell = row.get(column);
            line.append(cell).append(" ".repeat(Math.max(0, widths.get(column) - cell.length()) + GAP));
        }
        return line.toString().stripTrailing();
    }
}
