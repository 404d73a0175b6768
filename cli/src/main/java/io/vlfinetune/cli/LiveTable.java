package io.vlfinetune.cli;

import io.vlfinetune.api.kubernetes.VLFineTune;
import java.io.PrintStream;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Shows runs while they change: drawn again in place on a terminal, else a line for each change. */
final class LiveTable {
    private static final String ESCAPE = "\u001b[";
    /** Widths for lines that cannot be aligned with those still to come. */
    private static final List<Integer> WIDTHS = List.of(24, 10, 8, 10, 8, 9, 7, 7, 5);

    private static final int PHASE = RunRow.TITLES.indexOf("PHASE");

    private final PrintStream stream;
    private final boolean redraws;
    private final boolean colours;
    private final Clock clock;
    private final Map<String, List<String>> shown = new HashMap<>();
    private int drawn;

    LiveTable(PrintStream stream, Surroundings surroundings) {
        this.stream = stream;
        this.redraws = surroundings.terminal();
        this.colours = surroundings.colour();
        this.clock = surroundings.clock();
    }

    /** Shows where the runs stand now. */
    void show(Collection<VLFineTune> runs) {
        List<List<String>> rows =
                runs.stream().map(run -> RunRow.of(run, clock.instant())).toList();
        if (redraws) {
            redraw(rows);
        } else {
            append(rows);
        }
    }

    private void redraw(List<List<String>> rows) {
        List<List<String>> table = new ArrayList<>(List.of(RunRow.TITLES));
        table.addAll(rows);
        List<String> lines = TextTable.lines(table);
        StringBuilder text = new StringBuilder();
        if (drawn > 0) {
            text.append(ESCAPE).append(drawn).append('A');
        }
        // Without wrapping, or a narrow window would get more lines than are drawn over.
        text.append(ESCAPE).append("?7l");
        for (int index = 0; index < lines.size(); index++) {
            String phase = table.get(index).get(PHASE);
            text.append(ESCAPE)
                    .append("2K")
                    .append(coloured(lines.get(index), phase))
                    .append('\n');
        }
        stream.print(text.append(ESCAPE).append("?7h"));
        stream.flush();
        drawn = lines.size();
    }

    private String coloured(String line, String phase) {
        int colour = switch (phase) {
            case "Succeeded" -> 32;
            case "Failed" -> 31;
            case "Restarting" -> 33;
            case "Running" -> 36;
            default -> 0;
        };
        return colours && colour != 0
                ? line.replaceFirst(phase, ESCAPE.replace("\\", "\\\\") + colour + "m" + phase + ESCAPE + "0m")
                : line;
    }

    private void append(List<List<String>> rows) {
        if (shown.isEmpty()) {
            stream.println(TextTable.line(RunRow.TITLES, WIDTHS));
        }
        for (List<String> row : rows) {
            List<String> lasting = RunRow.lasting(row);
            if (!lasting.equals(shown.put(row.getFirst(), lasting))) {
                stream.println(TextTable.line(row, WIDTHS));
            }
        }
        stream.flush();
    }
}
