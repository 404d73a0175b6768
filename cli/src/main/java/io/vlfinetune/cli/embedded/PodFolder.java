package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.DownwardAPIVolumeFile;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.vlfinetune.trainer.source.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The file system of a pod as a folder: a mount at {@code /a/b} is found at {@code root/a/b}, as a link to where the
 * volume really is. Absolute paths in the container's arguments are moved below the root, so that a trainer gets by
 * without containers and still sees the paths of the contract.
 *
 * @param root the folder
 */
record PodFolder(Path root) {
    private static final String SCRATCH = "/scratch";

    /** Makes the folder anew; what volumes hold stays. */
    static PodFolder create(
            WorkFolder work, String run, Path root, Pod pod, Container container, ProjectedFiles projected)
            throws IOException {
        Folders.delete(root);
        PodFolder folder = new PodFolder(Files.createDirectories(root));
        for (VolumeMount mount : container.getVolumeMounts()) {
            Volume volume = pod.getSpec().getVolumes().stream()
                    .filter(one -> one.getName().equals(mount.getName()))
                    .findFirst()
                    .orElseThrow(() -> new IOException("no volume " + mount.getName() + " in the pod"));
            folder.mount(work, run, pod, volume, mount, projected);
        }
        Files.createDirectories(folder.terminationLog(container).getParent());
        return folder;
    }

    private void mount(WorkFolder work, String run, Pod pod, Volume volume, VolumeMount mount, ProjectedFiles projected)
            throws IOException {
        Path at = Path.of(translate(mount.getMountPath()));
        boolean scratch = mount.getMountPath().endsWith(SCRATCH);
        if (scratch && (volume.getEmptyDir() != null || volume.getPersistentVolumeClaim() != null)) {
            // Whatever kind of scratch was asked for: on one machine it can simply stay.
            link(at, scratchOf(work, run, mount));
        } else if (volume.getPersistentVolumeClaim() != null) {
            link(at, work.claim(volume.getPersistentVolumeClaim().getClaimName()));
        } else if (volume.getEmptyDir() != null) {
            Files.createDirectories(at);
        } else if (volume.getDownwardAPI() != null) {
            project(at, pod, volume.getDownwardAPI().getItems());
        } else if (volume.getSecret() != null) {
            projected.secret(pod, volume.getSecret(), Files.createDirectories(at));
        } else if (volume.getProjected() != null) {
            for (VolumeProjection source : volume.getProjected().getSources()) {
                project(at, pod, source, projected);
            }
        } else {
            throw new IOException("volume " + volume.getName() + " is of a kind that this machine does not offer");
        }
    }

    /** The first series of attempts has the plain folder; a later one must not resume an earlier one's checkpoints. */
    private static Path scratchOf(WorkFolder work, String run, VolumeMount mount) {
        Path folder = work.scratch(run);
        String subPath = Objects.requireNonNullElse(mount.getSubPath(), "");
        String series = subPath.substring(subPath.lastIndexOf('/') + 1);
        return series.isEmpty() || series.equals("1") ? folder : folder.resolveSibling("scratch-" + series);
    }

    private static void link(Path at, Path target) throws IOException {
        Files.createDirectories(target);
        Files.createDirectories(at.getParent());
        Files.createSymbolicLink(at, target);
    }

    private static void project(Path at, Pod pod, List<DownwardAPIVolumeFile> items) throws IOException {
        Files.createDirectories(at);
        for (DownwardAPIVolumeFile item : items) {
            Path file = at.resolve(item.getPath());
            Files.createDirectories(file.getParent());
            Files.writeString(file, field(pod, item.getFieldRef().getFieldPath()));
        }
    }

    private static void project(Path at, Pod pod, VolumeProjection source, ProjectedFiles projected)
            throws IOException {
        Files.createDirectories(at);
        if (source.getDownwardAPI() != null) {
            project(at, pod, source.getDownwardAPI().getItems());
        } else if (source.getServiceAccountToken() != null) {
            projected.token(pod, source.getServiceAccountToken(), at);
        } else if (source.getConfigMap() != null) {
            projected.configMap(pod, source.getConfigMap(), at);
        }
    }

    /** Replaces the tokens of a pod before they expire. */
    void refreshTokens(Pod pod, Container container, ProjectedFiles projected) throws IOException {
        for (VolumeMount mount : container.getVolumeMounts()) {
            for (Volume volume : pod.getSpec().getVolumes()) {
                if (volume.getName().equals(mount.getName()) && volume.getProjected() != null) {
                    for (VolumeProjection source : volume.getProjected().getSources()) {
                        if (source.getServiceAccountToken() != null) {
                            Path at = Path.of(translate(mount.getMountPath()));
                            projected.token(pod, source.getServiceAccountToken(), at);
                        }
                    }
                }
            }
        }
    }

    /** A field of a pod as the downward API names it; empty for what is absent. */
    static String field(Pod pod, String path) throws IOException {
        Map<String, String> annotations =
                Objects.requireNonNullElse(pod.getMetadata().getAnnotations(), Map.of());
        Map<String, String> labels =
                Objects.requireNonNullElse(pod.getMetadata().getLabels(), Map.of());
        return switch (path) {
            case "metadata.name" -> pod.getMetadata().getName();
            case "metadata.namespace" -> pod.getMetadata().getNamespace();
            case "metadata.uid" -> pod.getMetadata().getUid();
            case String annotation
            when annotation.startsWith("metadata.annotations['") -> annotations.getOrDefault(key(annotation), "");
            case String label when label.startsWith("metadata.labels['") -> labels.getOrDefault(key(label), "");
            default -> throw new IOException("field " + path + " is not offered by this machine");
        };
    }

    private static String key(String path) {
        return path.substring(path.indexOf('\'') + 1, path.lastIndexOf('\''));
    }

    /** A container's argument with an absolute path moved below the root; any other as it is. */
    String translate(String argument) {
        return argument.startsWith("/") ? root + argument : argument;
    }

    /** Where the container leaves its last word. */
    Path terminationLog(Container container) {
        return Path.of(
                translate(Objects.requireNonNullElse(container.getTerminationMessagePath(), "/dev/termination-log")));
    }
}
