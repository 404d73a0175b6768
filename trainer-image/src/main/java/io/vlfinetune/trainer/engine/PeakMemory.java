package io.vlfinetune.trainer.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The most memory this process ever held: heap, tensors and touched pages of mapped files together. */
public final class PeakMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private PeakMemory() {}

    /**
     * The high-water mark of the resident set in bytes, as Linux counts it ({@code VmHWM}).
     *
     * @throws IllegalStateException where the system does not tell it
     */
    public static long bytes() {
        return line("VmHWM:");
    }

    /**
     * The resident set now, in bytes ({@code VmRSS}).
     *
     * @throws IllegalStateException where the system does not tell it
     */
    public static long residentBytes() {
        return line("VmRSS:");
    }

    private static long line(String name) {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(name)) {
                    return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
                }
            }
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
        throw new IllegalStateException(STATUS + " has no " + name);
    }
}
