package io.vlfinetune.cli.embedded;

import com.sun.management.OperatingSystemMXBean;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a node has or a pod asks for.
 *
 * @param cores processor cores
 * @param memory bytes
 * @param gpus GPUs of whatever resource name
 */
public record NodeResources(double cores, long memory, int gpus) {
    private static final String GPU_DEVICE = "nvidia[0-9]+";

    /** This machine, or the container this process runs in. */
    public static NodeResources ofThisMachine() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return new NodeResources(
                Runtime.getRuntime().availableProcessors(), system.getTotalMemorySize(), devices(Path.of("/dev")));
    }

    private static int devices(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return (int) files.filter(file -> file.getFileName().toString().matches(GPU_DEVICE))
                    .count();
        } catch (IOException e) {
            return 0;
        }
    }

    /** What a container asks for. Without a CPU request it gets the whole node: a trainer uses every core it finds. */
    static NodeResources requestedBy(Container container, NodeResources node) {
        ResourceRequirements resources = container.getResources();
        Map<String, Quantity> requests = resources == null ? Map.of() : orEmpty(resources.getRequests());
        Map<String, Quantity> limits = resources == null ? Map.of() : orEmpty(resources.getLimits());
        int gpus = limits.entrySet().stream()
                .filter(limit -> limit.getKey().contains("/"))
                .mapToInt(limit -> limit.getValue().getNumericalAmount().intValue())
                .sum();
        Quantity cpu = requests.getOrDefault("cpu", limits.get("cpu"));
        Quantity memory = requests.getOrDefault("memory", limits.get("memory"));
        return new NodeResources(
                cpu == null ? node.cores() : cpu.getNumericalAmount().doubleValue(),
                memory == null ? 0 : memory.getNumericalAmount().longValue(),
                gpus);
    }

    private static Map<String, Quantity> orEmpty(@Nullable Map<String, Quantity> quantities) {
        return Objects.requireNonNullElse(quantities, Map.of());
    }

    NodeResources minus(NodeResources used) {
        return new NodeResources(cores - used.cores, memory - used.memory, gpus - used.gpus);
    }

    /** Why this request does not fit into what is free, for a person; empty if it fits. GPUs do not count: runs use the CPU where there are none. */
    String obstacle(NodeResources free) {
        if (cores > free.cores) {
            return "waiting for room on this machine: needs %s cores, %s are free"
                    .formatted(plain(cores), plain(Math.max(0, free.cores)));
        }
        if (memory > free.memory) {
            return "waiting for room on this machine: needs %d MiB of memory, %d MiB are free"
                    .formatted(memory >> 20, Math.max(0, free.memory) >> 20);
        }
        return "";
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? Long.toString(Math.round(number)) : Double.toString(number);
    }
}
