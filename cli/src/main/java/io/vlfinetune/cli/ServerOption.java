package io.vlfinetune.cli;

import io.vlfinetune.cli.embedded.ApiServer;
import io.vlfinetune.cli.embedded.MockApiServer;
import io.vlfinetune.cli.embedded.WorkFolder;
import io.vlfinetune.cli.embedded.realapi.ControlPlaneBinaries;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** {@code --real-api}, the same for every command that runs something. */
final class ServerOption {
    @Option(
            names = "--real-api",
            description = {
                "Use a real kube-apiserver with etcd on this machine instead of the mock, and print a KUBECONFIG for",
                "kubectl. The programs are built by Go or downloaded on first use."
            })
    boolean real;

    /**
     * Starts the server and, if it is a real one, says how to reach it.
     *
     * @throws IOException if there are no programs for a real server, or it does not start
     */
    ApiServer start(Surroundings surroundings, WorkFolder work) throws IOException {
        if (!real) {
            return new MockApiServer();
        }
        Path source = surroundings.home().resolve("e2e").resolve("control-plane");
        if (!Files.isDirectory(source)) {
            throw new IOException(
                    "what a real API server is built from is not in " + source + ": call vlft from a clone");
        }
        PrintStream err = surroundings.err();
        Path binaries = ControlPlaneBinaries.ensure(source, System.getenv(), err::println);
        RealApiServer server = RealApiServer.start(binaries, work.path());
        err.println("API server: " + server.url() + ", until this command ends. In another terminal:");
        err.println("  export KUBECONFIG=" + server.kubeconfig());
        err.println("  " + server.kubectl() + " get vlft -w");
        return server;
    }
}
