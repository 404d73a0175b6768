package io.vlfinetune.cli.embedded.realapi;

import io.vlfinetune.trainer.source.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * The folder from which kube-api-test starts a server: certificates and keys of this server alone, readable by nobody
 * else, and the programs under {@code k8s/}.
 *
 * @param path the folder
 */
record ServerFolder(Path path) {
    private static final Set<PosixFilePermission> ONLY_MINE = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> FILE_ONLY_MINE = PosixFilePermissions.fromString("rw-------");

    /**
     * kube-api-test has etcd listen on every interface, where it asks nobody for a password; here it is held to
     * loopback. Its data live no longer than the process, so it need not wait for the disk. A session of their own keeps
     * both from the Ctrl-C of the terminal: trainers still have to report when they stop.
     */
    private static final String ETCD = """
            #!/bin/sh
            for argument; do
              shift
              set -- "$@" "$(printf '%s' "$argument" | sed 's/0\\.0\\.0\\.0/127.0.0.1/g')"
            done
            exec $(command -v setsid) "$(dirname "$0")/etcd-program" --unsafe-no-fsync "$@"
            """;

    private static final String API_SERVER = """
            #!/bin/sh
            exec $(command -v setsid) "$(dirname "$0")/kube-apiserver-program" "$@"
            """;

    /** Makes the folder anew around programs. */
    static ServerFolder create(Path path, Path binaries) throws IOException {
        Folders.delete(path);
        Files.createDirectories(path.getParent());
        Files.createDirectory(path, PosixFilePermissions.asFileAttribute(ONLY_MINE));
        Path programs = Files.createDirectories(path.resolve("k8s").resolve(binaries.getFileName()));
        Path from = binaries.toAbsolutePath();
        Files.createSymbolicLink(programs.resolve("kubectl"), from.resolve("kubectl"));
        Files.createSymbolicLink(programs.resolve("etcd-program"), from.resolve("etcd"));
        Files.createSymbolicLink(programs.resolve("kube-apiserver-program"), from.resolve("kube-apiserver"));
        script(programs.resolve("etcd"), ETCD);
        script(programs.resolve("kube-apiserver"), API_SERVER);
        return new ServerFolder(path);
    }

    private static void script(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, ONLY_MINE);
    }

    /** The server's certificate, which signed itself. */
    String authority() throws IOException {
        return Files.readString(path.resolve("apiserver.crt"));
    }

    /** Writes what {@code kubectl} needs to log in as administrator. */
    static void kubeconfig(Path file, String text) throws IOException {
        Files.deleteIfExists(file);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(FILE_ONLY_MINE));
        Files.writeString(file, text);
    }

    void delete() throws IOException {
        Folders.delete(path);
    }
}
