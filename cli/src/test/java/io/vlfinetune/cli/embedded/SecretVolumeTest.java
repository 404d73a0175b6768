package io.vlfinetune.cli.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Secret that a run names, as files of the pod's folder. */
class SecretVolumeTest {
    private static final byte[] BINARY = {'a', (byte) 0xff, 0};

    @TempDir
    Path folder;

    private final MockApiServer server = new MockApiServer();
    private final ProjectedFiles projected = new ProjectedFiles(server.client());
    private final Pod pod = pod();
    private WorkFolder work;

    @BeforeEach
    void open() throws IOException {
        work = Standing.work(folder);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        work.close();
    }

    @Test
    void givenASecretThenItsKeysAreFilesThatOnlyThisUserMayRead() throws Exception {
        server.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName("hub")
                        .withNamespace("default")
                        .endMetadata()
                        .addToData("token", Base64.getEncoder().encodeToString(BINARY))
                        .addToStringData("user", "ann")
                        .build())
                .create();

        mount();

        Path secrets = folder.resolve("pod/etc/vlfinetune/secrets/model");
        assertThat(secrets.resolve("token")).hasBinaryContent(BINARY);
        assertThat(secrets.resolve("user")).hasContent("ann");
        assertThat(secrets).isDirectoryContaining("glob:**/{token,user}");
        assertThat(Files.getPosixFilePermissions(secrets.resolve("token")))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(Files.getPosixFilePermissions(secrets.resolve("user")))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void givenASecretThatIsNotThereThenItIsNamed() {
        assertThatThrownBy(this::mount)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no Secret hub in namespace default");
    }

    private void mount() throws IOException {
        Container container = pod.getSpec().getContainers().getFirst();
        PodFolder.create(work, "digits", folder.resolve("pod"), pod, container, projected);
    }

    private static Pod pod() {
        return new PodBuilder()
                .withNewMetadata()
                .withName("digits-1-0-abcde")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .addNewVolume()
                .withName("secret-model")
                .withNewSecret()
                .withSecretName("hub")
                .endSecret()
                .endVolume()
                .addNewContainer()
                .withName("trainer")
                .addNewVolumeMount()
                .withName("secret-model")
                .withMountPath("/etc/vlfinetune/secrets/model")
                .withReadOnly(true)
                .endVolumeMount()
                .endContainer()
                .endSpec()
                .build();
    }
}
