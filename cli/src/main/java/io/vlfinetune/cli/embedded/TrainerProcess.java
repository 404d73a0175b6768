package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.vlfinetune.trainer.memory.MemoryLimit;
import io.vlfinetune.trainer.report.ProgressChannel;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A trainer that runs as a process of this machine, in place of a container. */
final class TrainerProcess {
    private static final int SIGKILLED = 137;
    /** What a kubelet takes from the log where a container left no message. */
    private static final int TAIL_BYTES = 2048;

    private static final int MESSAGE_BYTES = 4096;

    private final Process process;
    private final PodFolder folder;
    private final Path log;
    private final Path terminationLog;
    private final boolean fallsBackToLog;
    private final OutOfMemoryWitness witness;
    private final long killsBefore;
    private volatile boolean killed;

    private TrainerProcess(
            Process process,
            PodFolder folder,
            Path log,
            Path terminationLog,
            boolean fallsBackToLog,
            OutOfMemoryWitness witness) {
        this.process = process;
        this.folder = folder;
        this.log = log;
        this.terminationLog = terminationLog;
        this.fallsBackToLog = fallsBackToLog;
        this.witness = witness;
        this.killsBefore = witness.kills();
    }

    /**
     * Starts the only container of a pod.
     *
     * @throws IOException if a volume cannot be made or the process does not start
     */
    static TrainerProcess start(
            TrainerCommand command,
            WorkFolder work,
            String run,
            String attempt,
            Pod pod,
            NodeResources node,
            OutOfMemoryWitness witness,
            ProjectedFiles projected)
            throws IOException {
        Container container = pod.getSpec().getContainers().getFirst();
        NodeResources requested = NodeResources.requestedBy(container, node);
        Path root = work.run(run).resolve("attempt-" + attempt);
        PodFolder folder = PodFolder.create(work, run, root, pod, container, projected);
        Path log = work.log(run, attempt);
        List<String> arguments =
                container.getArgs().stream().map(folder::translate).toList();
        ProcessBuilder builder = new ProcessBuilder(command.line(requested, arguments));
        builder.environment().clear();
        builder.environment().putAll(command.environment(threads(requested, node), variables(pod, container)));
        if (requested.memory() > 0) {
            // Here no control group tells it.
            builder.environment().put(MemoryLimit.VARIABLE, Long.toString(requested.memory()));
        }
        credentials(container, folder)
                .ifPresent(at -> builder.environment().put(ProgressChannel.CREDENTIALS_VARIABLE, at));
        builder.directory(root.toFile());
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        Process process = builder.start();
        process.getOutputStream().close();
        work.remember(run, process.toHandle());
        boolean fallsBack = "FallbackToLogsOnError".equals(container.getTerminationMessagePolicy());
        return new TrainerProcess(process, folder, log, folder.terminationLog(container), fallsBack, witness);
    }

    /** Where the credential lies; its path may stand in the environment, the credential may not. */
    private static Optional<String> credentials(Container container, PodFolder folder) {
        return container.getVolumeMounts().stream()
                .map(VolumeMount::getMountPath)
                .filter(ProgressChannel.CREDENTIALS.toString()::equals)
                .map(folder::translate)
                .findFirst();
    }

    /** Replaces the pod's tokens before they expire, as a kubelet does. */
    void refreshTokens(Pod pod, ProjectedFiles projected) throws IOException {
        folder.refreshTokens(pod, pod.getSpec().getContainers().getFirst(), projected);
    }

    private static int threads(NodeResources requested, NodeResources node) {
        return Math.max(1, (int) Math.floor(Math.min(requested.cores(), node.cores())));
    }

    private static Map<String, String> variables(Pod pod, Container container) throws IOException {
        Map<String, String> variables = new HashMap<>();
        for (EnvVar variable : container.getEnv()) {
            if (variable.getValue() != null) {
                variables.put(variable.getName(), variable.getValue());
            } else if (variable.getValueFrom() != null
                    && variable.getValueFrom().getFieldRef() != null) {
                String path = variable.getValueFrom().getFieldRef().getFieldPath();
                variables.put(variable.getName(), PodFolder.field(pod, path));
            }
        }
        return variables;
    }

    /**
     * How a container ended.
     *
     * @param exitCode exit code; 128 plus the signal for one that was killed
     * @param reason the kubelet's word: Completed, Error or OOMKilled
     * @param message termination message; null if there is none
     */
    record Ended(int exitCode, String reason, @Nullable String message) {}

    CompletableFuture<Ended> ended() {
        return process.onExit().thenApply(this::end);
    }

    private Ended end(Process ended) {
        int code = ended.exitValue();
        boolean outOfMemory = code == SIGKILLED && !killed && witness.kills() > killsBefore;
        String reason = code == 0 ? "Completed" : outOfMemory ? "OOMKilled" : "Error";
        return new Ended(code, reason, message(code));
    }

    private @Nullable String message(int code) {
        try {
            if (Files.exists(terminationLog) && Files.size(terminationLog) > 0) {
                return tail(terminationLog, MESSAGE_BYTES);
            }
            return code != 0 && fallsBackToLog ? tail(log, TAIL_BYTES) : null;
        } catch (IOException e) {
            return null;
        }
    }

    private static String tail(Path path, int most) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
            byte[] bytes = new byte[(int) Math.min(most, file.length())];
            file.seek(file.length() - bytes.length);
            file.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    /** SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** SIGKILL. */
    void kill() {
        if (process.isAlive()) {
            killed = true;
            process.destroyForcibly();
        }
    }
}
