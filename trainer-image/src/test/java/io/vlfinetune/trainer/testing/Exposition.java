package io.vlfinetune.trainer.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a scrape returned, in Prometheus' text format.
 *
 * @param text all lines
 */
public record Exposition(String text) {
    /** Asks {@code host:port}. */
    public static Exposition scrape(String address) {
        try (InputStream answer =
                URI.create("http://" + address + "/metrics").toURL().openStream()) {
            return new Exposition(new String(answer.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** The value of a series: name, then labels as name and value in turn; it must be there once. */
    public double value(String name, String... labels) {
        var lines = text.lines()
                .filter(line -> !line.startsWith("#"))
                .filter(line -> line.replaceFirst("[{ ].*", "").equals(name))
                .filter(line -> pairs(labels).lines().allMatch(line::contains))
                .toList();
        if (lines.size() != 1) {
            throw new AssertionError(name + Arrays.toString(labels) + " is there " + lines.size() + " times: " + text);
        }
        String value = lines.getFirst().substring(lines.getFirst().lastIndexOf(' ') + 1);
        return Double.parseDouble(value);
    }

    private static String pairs(String... labels) {
        return IntStream.range(0, labels.length / 2)
                .mapToObj(i -> labels[2 * i] + "=\"" + labels[2 * i + 1] + "\"")
                .collect(Collectors.joining("\n"));
    }
}
