package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapProjection;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretVolumeSource;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The files of volumes that come from the API server: tokens, bound to the pod as a kubelet has them bound, ConfigMaps and
 * Secrets. What is secret only this user may read.
 *
 * @param client may request tokens and read ConfigMaps and Secrets
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
            replace(
                    folder.resolve(source.getPath()),
                    granted.getStatus().getToken().getBytes(StandardCharsets.UTF_8));
        } catch (KubernetesClientException e) {
            throw new IOException("no token of service account " + account + ": " + e.getMessage(), e);
        }
    }

    /** A reader sees the old content or the new one, never half of one. */
    private static void replace(Path file, byte[] content) throws IOException {
        Path fresh = file.resolveSibling("." + file.getFileName());
        Files.deleteIfExists(fresh);
        Files.createFile(fresh, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(ONLY_MINE)));
        Files.write(fresh, content);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Writes each key of a Secret as a file. */
    void secret(Pod pod, SecretVolumeSource source, Path folder) throws IOException {
        Secret secret = client.secrets()
                .inNamespace(pod.getMetadata().getNamespace())
                .withName(source.getSecretName())
                .get();
        if (secret == null) {
            throw new IOException("no Secret " + source.getSecretName() + " in namespace "
                    + pod.getMetadata().getNamespace() + ": create it, or take its name out of the run");
        }
        Map<String, byte[]> content = new TreeMap<>();
        Objects.requireNonNullElse(secret.getData(), Map.<String, String>of())
                .forEach((key, value) -> content.put(key, Base64.getDecoder().decode(value)));
        // A real server has moved these into data already.
        Objects.requireNonNullElse(secret.getStringData(), Map.<String, String>of())
                .forEach((key, value) -> content.put(key, value.getBytes(StandardCharsets.UTF_8)));
        for (Map.Entry<String, byte[]> file : content.entrySet()) {
            replace(folder.resolve(file.getKey()), file.getValue());
        }
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
