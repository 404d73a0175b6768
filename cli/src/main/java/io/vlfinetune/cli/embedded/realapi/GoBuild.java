package io.vlfinetune.cli.embedded.realapi;

import io.vlfinetune.trainer.source.Folders;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Builds programs out of Go modules.
 *
 * @param script what builds them into the folder that is its only argument
 * @param inputs all that decides what the programs become, the script included; the first is go.mod
 */
public record GoBuild(Path script, List<Path> inputs) {
    /** File beside the binaries that says what they were built from. */
    public static final String KEY = "built-from";

    private static final int SHOWN_LINES = 15;
    private static final Pattern GO_VERSION = Pattern.compile("(?m)^go (\\S+)");

    /** Keeps a copy of the inputs. */
    public GoBuild {
        inputs = List.copyOf(inputs);
    }

    /** The build of a folder with go.mod, go.sum and build.sh. */
    public static GoBuild in(Path source) {
        Path script = source.resolve("build.sh");
        return new GoBuild(script, List.of(source.resolve("go.mod"), source.resolve("go.sum"), script));
    }

    /**
     * Digest of all that decides what the programs become; the same inputs give the same bytes.
     *
     * @throws IOException an input cannot be read
     */
    public String key() throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Path input : inputs) {
                digest.update(Files.readAllBytes(input));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** The go program of an environment's PATH. */
    static Optional<Path> go(Map<String, String> environment) {
        return Arrays.stream(environment.getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, "go"))
                .filter(candidate -> Files.isExecutable(candidate) && !Files.isDirectory(candidate))
                .findFirst();
    }

    /** Version of Go that a module asks for, at least. */
    static String goVersion(Path module) throws IOException {
        Matcher matcher = GO_VERSION.matcher(Files.readString(module));
        if (!matcher.find()) {
            throw new IOException(module + " has no line that matches " + GO_VERSION);
        }
        return matcher.group(1);
    }

    /**
     * Builds beside the folder and moves the result there in one step, so that nobody ever sees half of it.
     *
     * @throws IOException there is no Go, or the build failed; the message carries the end of its output
     */
    public void into(Path folder, Consumer<String> notices) throws IOException {
        if (go(System.getenv()).isEmpty()) {
            throw new IOException("there is no go on the PATH: install Go " + goVersion(inputs.getFirst())
                    + " or newer, with which " + script + " builds what is missing in " + folder);
        }
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
        Process process = new ProcessBuilder(script.toAbsolutePath().toString(), into.toString())
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
                throw new IOException(script.getFileName() + " ended with " + code + ":\n" + String.join("\n", last));
            }
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while programs were built", e);
        }
    }
}
