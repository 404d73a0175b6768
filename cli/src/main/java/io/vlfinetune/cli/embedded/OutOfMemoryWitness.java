package io.vlfinetune.cli.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Counts the processes that the kernel ended for want of memory. Exit code 137 alone also means {@code kill -9}. */
@FunctionalInterface
public interface OutOfMemoryWitness {
    /** Kills so far; stays the same where the machine does not tell. */
    long kills();

    /** Linux' own count, in {@code /proc/vmstat} since 4.13; control groups' kills are in it. */
    static OutOfMemoryWitness ofThisMachine() {
        return () -> {
            try {
                return count(Files.readAllLines(Path.of("/proc/vmstat")));
            } catch (IOException e) {
                return 0;
            }
        };
    }

    private static long count(List<String> statistics) {
        return statistics.stream()
                .filter(line -> line.startsWith("oom_kill "))
                .mapToLong(line ->
                        Long.parseLong(line.substring("oom_kill ".length()).strip()))
                .findFirst()
                .orElse(0);
    }
}
