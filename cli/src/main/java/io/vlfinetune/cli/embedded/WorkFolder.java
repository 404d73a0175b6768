package io.vlfinetune.cli.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where everything of an invocation lies: {@code runs/<run>/scratch} (checkpoints, metrics.jsonl), {@code
 * runs/<run>/attempt-<n>.log}, {@code claims/<claim>} (what {@code pvc://} URIs mean here), {@code vlft.log}. Only one
 * process works in it at a time, else two trainers could write the same checkpoints.
 */
public final class WorkFolder implements AutoCloseable {
    private final Path path;
    private final FileChannel lockFile;

    private WorkFolder(Path path, FileChannel lockFile) {
        this.path = path;
        this.lockFile = lockFile;
    }

    /**
     * Makes the folder where it is missing and takes it.
     *
     * @throws IOException if it cannot be written, another {@code vlft} works in it, or a trainer of a killed one does
     */
    public static WorkFolder open(Path folder) throws IOException {
        Path path = Files.createDirectories(folder).toRealPath();
        FileChannel file = FileChannel.open(path.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (lock(file) == null) {
                throw new IOException("another vlft works in " + path + ": wait for it, or give another --work folder");
            }
            WorkFolder work = new WorkFolder(path, file);
            work.refuseOrphans();
            return work;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static @Nullable FileLock lock(FileChannel file) throws IOException {
        try {
            return file.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /** A vlft that was killed outright leaves its trainers behind. */
    private void refuseOrphans() throws IOException {
        Path runs = path.resolve("runs");
        if (!Files.isDirectory(runs)) {
            return;
        }
        try (Stream<Path> folders = Files.list(runs)) {
            for (Path run : folders.toList()) {
                Path file = run.resolve("trainer.pid");
                ProcessHandle orphan = Files.exists(file) ? living(Files.readAllLines(file)) : null;
                if (orphan != null) {
                    throw new IOException("a trainer of an earlier vlft, process " + orphan.pid() + ", still works in "
                            + run + ": end it first");
                }
            }
        }
    }

    /** A process of the recorded id that also started when it was recorded: ids are used again. */
    private static @Nullable ProcessHandle living(List<String> record) {
        if (record.size() != 2 || !record.getFirst().matches("[0-9]{1,18}")) {
            return null;
        }
        return ProcessHandle.of(Long.parseLong(record.getFirst()))
                .filter(ProcessHandle::isAlive)
                .filter(process -> started(process).equals(record.get(1)))
                .orElse(null);
    }

    private static String started(ProcessHandle process) {
        return process.info().startInstant().map(Object::toString).orElse("unknown");
    }

    /** Remembers the trainer of a run until it has ended. */
    void remember(String run, ProcessHandle trainer) throws IOException {
        Files.write(pidFile(run), List.of(Long.toString(trainer.pid()), started(trainer)));
    }

    /** Forgets the trainer of a run. */
    void forget(String run) throws IOException {
        Files.deleteIfExists(pidFile(run));
    }

    private Path pidFile(String run) {
        return run(run).resolve("trainer.pid");
    }

    /** The folder itself, absolute. */
    public Path path() {
        return path;
    }

    /** Folder of a run. */
    public Path run(String run) {
        return path.resolve("runs").resolve(run);
    }

    /** Checkpoints and metrics of a run; kept over attempts and invocations. */
    public Path scratch(String run) {
        return run(run).resolve("scratch");
    }

    /** What {@code pvc://<claim>} means here. */
    public Path claim(String claim) {
        return path.resolve("claims").resolve(claim);
    }

    /** Output of the trainer in one attempt. */
    public Path log(String run, String attempt) {
        return run(run).resolve("attempt-" + attempt + ".log");
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }
}
