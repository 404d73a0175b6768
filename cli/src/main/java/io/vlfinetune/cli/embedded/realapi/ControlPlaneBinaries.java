package io.vlfinetune.cli.embedded.realapi;

import io.fabric8.kubeapitest.KubeAPIServerConfig;
import io.fabric8.kubeapitest.KubeAPIServerConfigBuilder;
import io.fabric8.kubeapitest.KubeAPITestException;
import io.fabric8.kubeapitest.Utils;
import io.fabric8.kubeapitest.binary.BinaryManager;
import io.fabric8.kubeapitest.binary.OSInfo;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sees to it that kube-apiserver, etcd and kubectl are on this machine, in the layout of Fabric8's kube-api-test: {@code
 * ${KUBE_API_TEST_DIR:-~/.kubeapitest}/k8s/<version>-<os>-<arch>/}. What is there is used; else Go builds them out of
 * their modules; else kube-api-test downloads them.
 */
public final class ControlPlaneBinaries {
    /** What such a folder holds. */
    static final List<String> NAMES = List.of("kube-apiserver", "etcd", "kubectl");

    private static final Pattern VERSION = Pattern.compile("(?m)^\\s*k8s\\.io/kubernetes v(\\S+)");

    private final GoBuild build;
    private final Path home;
    private final String version;
    private final String goVersion;
    private final Optional<Path> go;
    private final boolean offline;
    private final Consumer<String> notices;

    private ControlPlaneBinaries(Path source, Map<String, String> environment, Consumer<String> notices)
            throws IOException {
        String module = Files.readString(source.resolve("go.mod"));
        this.build = GoBuild.in(source);
        this.home = home(environment);
        this.version = first(VERSION, module);
        this.goVersion = GoBuild.goVersion(source.resolve("go.mod"));
        this.go = GoBuild.go(environment);
        this.offline = Boolean.parseBoolean(environment.getOrDefault("KUBE_API_TEST_OFFLINE_MODE", "false"));
        this.notices = notices;
    }

    /**
     * The folder with the binaries, made where it is missing.
     *
     * @param source folder with go.mod, go.sum and build.sh; they name the version
     * @param environment the environment: PATH, KUBE_API_TEST_DIR, KUBE_API_TEST_OFFLINE_MODE
     * @param notices is told what is done and how far it is
     * @throws IOException if there is no way to get them; says what to install
     */
    public static Path ensure(Path source, Map<String, String> environment, Consumer<String> notices)
            throws IOException {
        return new ControlPlaneBinaries(source, environment, notices).ensure();
    }

    private static Path home(Map<String, String> environment) {
        String named = environment.getOrDefault("KUBE_API_TEST_DIR", "");
        return named.isBlank() ? Path.of(System.getProperty("user.home"), ".kubeapitest") : Path.of(named);
    }

    private static String first(Pattern pattern, String text) throws IOException {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new IOException("go.mod of the control plane has no line that matches " + pattern);
        }
        return matcher.group(1);
    }

    private Path ensure() throws IOException {
        Path folder = home.resolve("k8s").resolve(version + Utils.platformSuffix(new OSInfo()));
        if (usable(folder)) {
            return folder;
        }
        Files.createDirectories(folder.getParent());
        // Two builds at once would take twice the time; the second finds what the first made.
        try (FileChannel channel = FileChannel.open(
                        home.resolve("k8s").resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            if (!lock.isValid() || !usable(folder)) {
                make(folder);
            }
        }
        return folder;
    }

    /** Downloaded ones, or some that a person put there, have no key; ours are built anew when their source changes. */
    private boolean usable(Path folder) throws IOException {
        Path key = folder.resolve(GoBuild.KEY);
        return NAMES.stream().allMatch(name -> Files.isExecutable(folder.resolve(name)))
                && (!Files.exists(key) || Files.readString(key).strip().equals(build.key()));
    }

    private void make(Path folder) throws IOException {
        String obstacles;
        if (go.isEmpty()) {
            obstacles = "there is no go on the PATH";
        } else {
            try {
                notices.accept("no kube-apiserver " + version + " in " + folder
                        + ": Go builds it, etcd and kubectl; once, about four minutes");
                build.into(folder, notices);
                return;
            } catch (IOException e) {
                obstacles = "Go could not build them: " + e.getMessage();
            }
        }
        try {
            download();
        } catch (KubeAPITestException e) {
            throw new IOException(
                    "a real API server needs kube-apiserver, etcd and kubectl " + version + " in " + folder
                            + ".\nThey are not there, " + obstacles + ",\nand the download failed: " + reason(e)
                            + "\nInstall Go " + goVersion
                            + " or newer, which builds them, or connect this machine to the internet, or put the three"
                            + " programs into that folder.",
                    e);
        }
    }

    private void download() {
        KubeAPIServerConfig configuration = KubeAPIServerConfigBuilder.anAPIServerConfig()
                .withTestDir(home.toString())
                .withApiServerVersion(version)
                .withOfflineMode(offline)
                .build();
        if (!offline) {
            notices.accept("downloading kube-apiserver, etcd and kubectl " + version);
        }
        new BinaryManager(configuration).initAndDownloadIfRequired();
    }

    private static String reason(Throwable problem) {
        Throwable deepest = problem;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        return deepest.toString();
    }
}
