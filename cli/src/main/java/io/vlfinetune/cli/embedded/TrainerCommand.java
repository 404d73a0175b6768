package io.vlfinetune.cli.embedded;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How this machine starts a trainer, in place of a container image.
 *
 * @param java executable of the JVM
 * @param classPath class path of the trainer
 * @param mainClass its entry
 * @param environment variables that are handed on; nothing secret
 */
public record TrainerCommand(Path java, String classPath, String mainClass, Map<String, String> environment) {
    private static final String TRAINER = "io.vlfinetune.trainer.Main";
    private static final long MEBIBYTE = 1L << 20;
    /** Tensors live outside the heap; the heap holds samples, pictures and reports. */
    private static final long USUAL_HEAP = 512 * MEBIBYTE;

    private static final long LARGEST_HEAP = 4096 * MEBIBYTE;

    /** Archives that only operator and command line need; the trainer knows nothing of Kubernetes. */
    private static final List<String> NOT_FOR_TRAINERS = List.of(
            "vlfinetune-operator",
            "vlfinetune-cli",
            "operator-framework",
            "kubernetes-",
            "kube-api-test",
            "commons-compress",
            "vertx-",
            "netty-",
            "bcp",
            "bcutil",
            "mockwebserver",
            "zjsonpatch",
            "picocli",
            "cel-",
            "protobuf",
            "antlr4",
            "java-diff-utils");

    /** Of the pod: trainers share the addresses of this machine, and serve metrics only where the caller says so. */
    private static final String METRICS_ADDRESS = "VLFINETUNE_METRICS_ADDRESS";

    /** A whitelist: whatever else stands in the caller's environment may be a secret. */
    private static final List<String> HANDED_ON = List.of(
            "PATH",
            "HOME",
            "USER",
            "LANG",
            "LC_ALL",
            "LC_CTYPE",
            "TZ",
            "TMPDIR",
            "LD_LIBRARY_PATH",
            "DJL_CACHE_DIR",
            "ENGINE_CACHE_DIR",
            "OMP_NUM_THREADS",
            "VLFINETUNE_LINEAR_KERNEL",
            METRICS_ADDRESS);

    /** Keeps a copy of the environment. */
    public TrainerCommand {
        environment = Map.copyOf(environment);
    }

    /** The trainer on the JVM and class path of this process. */
    public static TrainerCommand ofThisProcess() {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(TrainerCommand::forTrainers)
                .collect(Collectors.joining(File.pathSeparator));
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Map<String, String> environment = new TreeMap<>(System.getenv());
        environment.keySet().retainAll(HANDED_ON);
        return new TrainerCommand(java, classPath, TRAINER, environment);
    }

    private static boolean forTrainers(String entry) {
        String name = Path.of(entry).getFileName().toString();
        return NOT_FOR_TRAINERS.stream().noneMatch(name::startsWith);
    }

    /**
     * The command line.
     *
     * @param requested what the pod asks for; memory 0: nothing was asked for
     */
    List<String> line(NodeResources requested, List<String> arguments) {
        List<String> line = new ArrayList<>(List.of(
                java.toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Dai.djl.offline=true",
                // The JVM otherwise begins with a 64th of the machine's memory and uses all of it before it collects.
                "-Xms32m",
                "-XX:MaxHeapFreeRatio=40",
                "-Xmx" + heap(requested.memory()) / MEBIBYTE + "m",
                "-cp",
                classPath,
                mainClass));
        line.addAll(arguments);
        return line;
    }

    private static long heap(long memory) {
        return memory == 0 ? USUAL_HEAP : Math.clamp(memory / 4, USUAL_HEAP / 2, LARGEST_HEAP);
    }

    /**
     * The environment of a trainer. OpenMP threads that spin while they wait would take the cores from the JVM.
     *
     * @param threads processor cores that it may use
     */
    Map<String, String> environment(int threads, Map<String, String> ofContainer) {
        Map<String, String> variables = new TreeMap<>(environment);
        String wished = variables.getOrDefault("OMP_NUM_THREADS", "");
        ofContainer.forEach((name, value) -> {
            if (!name.equals(METRICS_ADDRESS)) {
                variables.put(name, value);
            }
        });
        boolean fewer = wished.matches("[1-9][0-9]{0,3}") && Integer.parseInt(wished) < threads;
        variables.put("OMP_NUM_THREADS", fewer ? wished : Integer.toString(threads));
        variables.put("OMP_WAIT_POLICY", "PASSIVE");
        // Here a report costs nothing, and somebody watches.
        variables.put("VLFINETUNE_REPORT_SECONDS", "1");
        // With several arenas it is chance in which one the training thread works, and in any but the first one large
        // arrays
        // leave gaps: a third more memory.
        variables.put("MALLOC_ARENA_MAX", "1");
        return variables;
    }
}
