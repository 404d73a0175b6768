package io.vlfinetune.trainer;

import io.vlfinetune.trainer.memory.MemoryLimit;
import io.vlfinetune.trainer.metrics.MetricsEndpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Where the trainer finds and leaves things.
 *
 * @param config run.json
 * @param root folder with {@code scratch} and {@code claims}
 * @param terminationLog where the last word goes
 * @param reportPeriod time between heartbeats
 * @param threads threads of one operator
 * @param memoryLimit bytes that this process may have, where that is known
 * @param metricsAddress where metrics are served, see {@link MetricsEndpoint#VARIABLE}; null: nowhere
 */
record RunOptions(
        Path config,
        Path root,
        Path terminationLog,
        Duration reportPeriod,
        int threads,
        OptionalLong memoryLimit,
        @Nullable String metricsAddress) {
    static final String USAGE =
            "usage: train --config /etc/vlfinetune/run.json --root /var/lib/vlfinetune --termination-log /dev/termination-log";

    /** The variable that makes heartbeats more frequent than every 15 s, for a node on the same machine. */
    static final String REPORT_SECONDS = "VLFINETUNE_REPORT_SECONDS";

    /** Reads a command line; empty if it is not one. */
    static Optional<RunOptions> parse(String[] arguments, Map<String, String> environment) {
        if (arguments.length != 7 || !arguments[0].equals("train")) {
            return Optional.empty();
        }
        Map<String, String> options = new HashMap<>();
        for (int i = 1; i < arguments.length; i += 2) {
            options.put(arguments[i], arguments[i + 1]);
        }
        String config = options.get("--config");
        String root = options.get("--root");
        String terminationLog = options.get("--termination-log");
        if (config == null || root == null || terminationLog == null) {
            return Optional.empty();
        }
        return Optional.of(new RunOptions(
                Path.of(config),
                Path.of(root),
                Path.of(terminationLog),
                Duration.ofSeconds(number(environment, REPORT_SECONDS, 15)),
                threads(environment),
                MemoryLimit.bytes(environment),
                environment.get(MetricsEndpoint.VARIABLE)));
    }

    /** Threads of one operator: as OpenMP is told, or all processors. */
    static int threads(Map<String, String> environment) {
        return number(environment, "OMP_NUM_THREADS", Runtime.getRuntime().availableProcessors());
    }

    private static int number(Map<String, String> environment, String name, int otherwise) {
        String value = environment.getOrDefault(name, "");
        return value.matches("[1-9][0-9]{0,3}") ? Integer.parseInt(value) : otherwise;
    }

    Path scratch() {
        return root.resolve("scratch");
    }
}
