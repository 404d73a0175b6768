package io.vlfinetune.e2e;

import io.vlfinetune.cli.embedded.realapi.GoBuild;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/**
 * Programs that only tests need, built by Go out of their modules once for each source, beside those of kube-api-test. They
 * are no part of what {@code vlft} builds for its users.
 */
final class TestPrograms {
    private static final Path SOURCE = Path.of("control-plane").toAbsolutePath();

    private TestPrograms() {}

    /** Folder with kube-controller-manager, of the API server's version; a minute and a half of processor time to build. */
    static Path controllers() throws IOException {
        Path script = SOURCE.resolve("controllers.sh");
        return ensure(
                "controllers",
                new GoBuild(script, List.of(SOURCE.resolve("go.mod"), SOURCE.resolve("go.sum"), script)));
    }

    /** Folder with kueue, its {@code crds/} and its {@code webhooks.yaml}; five minutes of processor time to build. */
    static Path kueue() throws IOException {
        return ensure("kueue", GoBuild.in(SOURCE.resolve("kueue")));
    }

    private static Path ensure(String name, GoBuild build) throws IOException {
        Path home = Files.createDirectories(home().resolve("tests").resolve(name));
        Path folder = home.resolve("bin");
        // Two builds at once would take twice the time; the second finds what the first made.
        try (FileChannel channel =
                        FileChannel.open(home.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            Path key = folder.resolve(GoBuild.KEY);
            boolean usable = Files.exists(key) && Files.readString(key).strip().equals(build.key());
            if (!lock.isValid() || !usable) {
                System.err.println("no " + name + " of this source in " + folder + ": Go builds it, once");
                build.into(folder, System.err::println);
            }
        }
        return folder;
    }

    private static Path home() {
        Map<String, String> environment = System.getenv();
        String named = environment.getOrDefault("KUBE_API_TEST_DIR", "");
        return named.isBlank() ? Path.of(System.getProperty("user.home"), ".kubeapitest") : Path.of(named);
    }
}
