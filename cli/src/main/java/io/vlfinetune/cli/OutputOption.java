package io.vlfinetune.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectWriter;
import io.vlfinetune.contract.Json;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code -o json}, the same for every command. */
final class OutputOption {
    private static final ObjectWriter WRITER = Json.strict().writerWithDefaultPrettyPrinter();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "json",
            description = "Print the result as JSON, alone on standard output; messages go to standard error.")
    @Nullable
    OutputFormat format;

    boolean json() {
        return format == OutputFormat.json;
    }

    static void print(PrintStream out, Object value) {
        try {
            out.println(WRITER.writeValueAsString(value));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a result that is no JSON", e);
        }
    }
}
