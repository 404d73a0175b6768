package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapProjection;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;

/**
 * The files of a projected volume that come from the API server: tokens, bound to the pod as a kubelet has them bound,
 * and ConfigMaps.
 *
 * @param client may request tokens and read ConfigMaps
 */
record ProjectedFiles(KubernetesClient client) {
    private static final String ONLY_MINE = "rw-------";

    /** Writes a new token; also over one that is about to expire. */
    void token(Pod pod, ServiceAccountTokenProjection source, Path folder) throws IOException {
        TokenRequest request = new TokenRequestBuilder()
                .withNewSpec()
                .withAudiences(source.getAudience() == null ? null : new String[] {source.getAudience()})
                .withExpirationSeconds(source.getExpirationSeconds())
                .withNewBoundObjectRef(
                        "v1",
                        "Pod",
                        pod.getMetadata().getName(),
                        pod.getMetadata().getUid())
                .endSpec()
                .build();
        String account = Objects.requireNonNullElse(pod.getSpec().getServiceAccountName(), "default");
        try {
            TokenRequest granted = client.serviceAccounts()
                    .inNamespace(pod.getMetadata().getNamespace())
                    .withName(account)
                    .tokenRequest(request);
            replace(folder.resolve(source.getPath()), granted.getStatus().getToken());
        } catch (KubernetesClientException e) {
            throw new IOException("no token of service account " + account + ": " + e.getMessage(), e);
        }
    }

    /** A reader sees the old token or the new one, never half of one. */
    private static void replace(Path file, String token) throws IOException {
        Path fresh = file.resolveSibling("." + file.getFileName());
        Files.deleteIfExists(fresh);
        Files.createFile(fresh, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(ONLY_MINE)));
        Files.writeString(fresh, token);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Writes the chosen keys of a ConfigMap. */
    void configMap(Pod pod, ConfigMapProjection source, Path folder) throws IOException {
        ConfigMap map = client.configMaps()
                .inNamespace(pod.getMetadata().getNamespace())
                .withName(source.getName())
                .get();
        if (map == null) {
            throw new IOException("no ConfigMap " + source.getName() + " in the pod's namespace");
        }
        for (KeyToPath item : source.getItems()) {
            String text = Objects.requireNonNullElse(map.getData().get(item.getKey()), "");
            Files.writeString(folder.resolve(item.getPath()), text);
        }
    }
}
