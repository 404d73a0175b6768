package io.vlfinetune.cli.embedded.realapi;

import io.vlfinetune.trainer.source.Folders;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;

/**
 * Builds the control plane out of Go modules.
 *
 * @param source folder with go.mod, go.sum and build.sh
 */
record GoBuild(Path source) {
    /** File beside the binaries that says what they were built from. */
    static final String KEY = "built-from";

    private static final List<String> INPUTS = List.of("go.mod", "go.sum", "build.sh");
    private static final int SHOWN_LINES = 15;

    /** Digest of all that decides what the binaries become; the same inputs give the same bytes. */
    String key() throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String input : INPUTS) {
                digest.update(Files.readAllBytes(source.resolve(input)));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /**
     * Builds beside the folder and moves the result there in one step, so that nobody ever sees half of it.
     *
     * @throws IOException the build failed; the message carries the end of its output
     */
    void into(Path folder, Consumer<String> notices) throws IOException {
        Path fresh = folder.resolveSibling(".building");
        Path old = folder.resolveSibling(".old");
        Folders.delete(fresh);
        Folders.delete(old);
        run(fresh.toAbsolutePath(), notices);
        Files.writeString(fresh.resolve(KEY), key() + "\n");
        if (Files.exists(folder)) {
            Files.move(folder, old);
        }
        Files.move(fresh, folder);
        Folders.delete(old);
    }

    private void run(Path into, Consumer<String> notices) throws IOException {
        Process process = new ProcessBuilder(
                        source.resolve("build.sh").toAbsolutePath().toString(), into.toString())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        Deque<String> last = new ArrayDeque<>();
        try (BufferedReader reader = process.inputReader()) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.startsWith("buil")) {
                    notices.accept("  " + line);
                }
                last.addLast(line);
                if (last.size() > SHOWN_LINES) {
                    last.removeFirst();
                }
            }
            int code = process.waitFor();
            if (code != 0) {
                throw new IOException("build.sh ended with " + code + ":\n" + String.join("\n", last));
            }
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the control plane was built", e);
        }
    }
}
