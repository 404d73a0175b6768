package io.vlfinetune.cli.embedded.realapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a machine comes to a control plane; a script of three lines stands in for the real build. */
class ControlPlaneBinariesTest {
    @TempDir
    Path folder;

    private final List<String> notices = new ArrayList<>();
    private Path source;
    private Path home;

    @BeforeEach
    void prepare() throws IOException {
        source = Files.createDirectory(folder.resolve("source"));
        home = folder.resolve("home");
        Files.writeString(
                source.resolve("go.mod"), "module x\n\ngo 1.26\n\nrequire (\n\tk8s.io/kubernetes v1.2.3\n)\n");
        Files.writeString(source.resolve("go.sum"), "");
        program(folder.resolve("bin/go"), "exit 0");
        build("mkdir -p \"$1\"; echo building all; for p in kube-apiserver etcd kubectl; do"
                + " echo made > \"$1/$p\"; chmod +x \"$1/$p\"; done");
    }

    private void build(String script) throws IOException {
        program(source.resolve("build.sh"), script);
    }

    private static void program(Path file, String script) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Path ensure(String path) throws IOException {
        return ControlPlaneBinaries.ensure(
                source,
                Map.of("KUBE_API_TEST_DIR", home.toString(), "KUBE_API_TEST_OFFLINE_MODE", "true", "PATH", path),
                notices::add);
    }

    private String withGo() {
        return folder.resolve("bin").toString();
    }

    @Test
    void givenNothingButGoThenTheyAreBuiltOnceAndSaidToBe() throws IOException {
        Path made = ensure(withGo());

        assertThat(made).startsWith(home.resolve("k8s"));
        assertThat(made.getFileName().toString()).startsWith("1.2.3-");
        assertThat(made.resolve("etcd")).hasContent("made");
        assertThat(notices).hasSize(2).last().isEqualTo("  building all");
        assertThat(ensure("")).as("the second time needs no Go").isEqualTo(made);
        assertThat(notices).hasSize(2);
    }

    @Test
    void givenProgramsThatSomebodyPutThereThenTheyAreTaken() throws IOException {
        Path made = ensure(withGo());
        Files.delete(made.resolve(GoBuild.KEY));
        Files.writeString(source.resolve("go.sum"), "changed");

        assertThat(ensure("")).isEqualTo(made);
    }

    @Test
    void givenAnotherSourceThenTheyAreBuiltAnew() throws IOException {
        Path made = ensure(withGo());
        Files.writeString(made.resolve("etcd"), "old");
        Files.writeString(source.resolve("go.sum"), "changed");

        ensure(withGo());

        assertThat(made.resolve("etcd")).hasContent("made");
    }

    @Test
    void givenNeitherGoNorInternetThenTheMessageSaysWhatToInstall() {
        assertThatThrownBy(() -> ensure("/nowhere"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("kube-apiserver, etcd and kubectl 1.2.3")
                .hasMessageContaining("there is no go on the PATH")
                .hasMessageContaining("Install Go 1.26 or newer");
    }

    @Test
    void givenABuildThatFailsThenItsOutputIsShownAndNothingHalfIsLeft() throws IOException {
        build("mkdir -p \"$1\"; echo x > \"$1/etcd\"; echo no such module; exit 3");

        assertThatThrownBy(() -> ensure(withGo()))
                .hasMessageContaining("build.sh ended with 3")
                .hasMessageContaining("no such module");
        assertThat(home.resolve("k8s").toFile().list((parent, name) -> name.startsWith("1.2.3")))
                .isEmpty();
    }
}
