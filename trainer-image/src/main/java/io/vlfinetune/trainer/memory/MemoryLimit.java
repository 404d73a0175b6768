package io.vlfinetune.trainer.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/** How much memory this process may have: what its pod was given, or else what the machine has. */
public final class MemoryLimit {
    /** The variable in which a node that makes no control groups says what a pod was given, in bytes. */
    public static final String VARIABLE = "VLFINETUNE_MEMORY_LIMIT_BYTES";

    private static final Path CGROUP = Path.of("/sys/fs/cgroup/memory.max");
    private static final Path MACHINE = Path.of("/proc/meminfo");
    private static final long KIBIBYTE = 1024;

    private MemoryLimit() {}

    /** The lowest limit in bytes; empty where nothing tells one. */
    public static OptionalLong bytes(Map<String, String> environment) {
        return of(
                Optional.ofNullable(environment.get(VARIABLE)),
                read(CGROUP),
                read(MACHINE)
                        .flatMap(text -> text.lines()
                                .filter(line -> line.startsWith("MemTotal:"))
                                .findFirst()));
    }

    /** Of the variable, the control group's file, and the machine's line {@code MemTotal: 16384 kB}. */
    static OptionalLong of(Optional<String> variable, Optional<String> group, Optional<String> machine) {
        LongStream limits = LongStream.concat(
                LongStream.concat(number(variable, 1).stream(), number(group, 1).stream()),
                number(machine.map(line -> line.replaceAll("\\D", "")), KIBIBYTE).stream());
        return limits.min();
    }

    private static OptionalLong number(Optional<String> text, long unit) {
        String digits = text.map(String::strip).orElse("");
        return digits.matches("[1-9][0-9]{0,17}")
                ? OptionalLong.of(Math.multiplyExact(Long.parseLong(digits), unit))
                : OptionalLong.empty();
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file));
        } catch (IOException absent) {
            return Optional.empty();
        }
    }
}
