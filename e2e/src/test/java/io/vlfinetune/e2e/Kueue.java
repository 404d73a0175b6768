package io.vlfinetune.e2e;

import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.RuleWithOperations;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.WebhookClientConfig;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The real Kueue beside the API server, with its own definitions, webhooks and certificates. The Service at which the API
 * server calls its webhooks is an alias of loopback; the Secret with its key is copied where Kueue looks for it, which
 * is a kubelet's part.
 */
final class Kueue implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String NAMESPACE = "kueue-system";
    private static final String SERVICE = "kueue-webhook-service";
    private static final String SECRET = "kueue-webhook-server-cert";
    /** Kinds whose versions Kueue itself converts. */
    private static final List<String> CONVERTED =
            List.of("localqueues", "clusterqueues", "cohorts", "workloads", "multikueueclusters");

    private final KubernetesClient client;
    private final Path certificates;
    private final int port;
    private final List<HasMetadata> installed = new ArrayList<>();
    private final Program program;

    private Kueue(ControlledServer controlled) throws IOException {
        this.client = controlled.server().client();
        this.certificates = Files.createTempDirectory(controlled.folder(), "kueue");
        this.port = freePort();
        Path programs = TestPrograms.kueue();
        namespace();
        definitions(programs.resolve("crds"));
        webhooks(programs.resolve("webhooks.yaml"));
        Path configuration = certificates.resolve("configuration.yaml");
        Files.writeString(configuration, configuration());
        this.program = Program.start(
                List.of(
                        programs.resolve("kueue").toString(),
                        "--kubeconfig=" + controlled.server().kubeconfig(),
                        "--config=" + configuration,
                        "--feature-gates=VisibilityOnDemand=false"),
                controlled.folder().resolve("kueue.log"));
    }

    /** Installs and starts it; returns once its webhooks answer. */
    static Kueue install(ControlledServer controlled) throws IOException {
        Kueue kueue = new Kueue(controlled);
        try {
            kueue.mountCertificates();
            await().atMost(PATIENCE).until(kueue::answers);
            return kueue;
        } catch (IOException | RuntimeException e) {
            kueue.close();
            throw e;
        }
    }

    /** Without its API server for waiting Workloads, without metrics and probes: they would want ports. */
    private String configuration() {
        return """
            apiVersion: config.kueue.x-k8s.io/v1beta2
            kind: Configuration
            namespace: %s
            health: {healthProbeBindAddress: "0"}
            metrics: {bindAddress: "0"}
            webhook: {host: 127.0.0.1, port: %d, certDir: %s}
            leaderElection: {leaderElect: false}
            internalCertManagement: {enable: true, webhookServiceName: %s, webhookSecretName: %s}
            clientConnection: {qps: 200, burst: 400}
            integrations: {frameworks: [batch/job]}
            """.formatted(NAMESPACE, port, certificates, SERVICE, SECRET);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void create(HasMetadata object) {
        client.resource(object).create();
        installed.addFirst(object);
    }

    private void namespace() {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .serverSideApply();
        create(new SecretBuilder()
                .withNewMetadata()
                .withName(SECRET)
                .withNamespace(NAMESPACE)
                .endMetadata()
                .build());
        create(new ServiceBuilder()
                .withNewMetadata()
                .withName(SERVICE)
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withNewSpec()
                .withType("ExternalName")
                .withExternalName("127.0.0.1")
                .endSpec()
                .build());
    }

    private void definitions(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> list = Files.list(folder)) {
            files = list.sorted().toList();
        }
        for (Path file : files) {
            try (InputStream in = Files.newInputStream(file)) {
                CustomResourceDefinition definition = Serialization.unmarshal(in, CustomResourceDefinition.class);
                if (CONVERTED.contains(definition.getSpec().getNames().getPlural())) {
                    definition = definition
                            .edit()
                            .editSpec()
                            .withNewConversion()
                            .withStrategy("Webhook")
                            .withNewWebhook()
                            .withConversionReviewVersions("v1")
                            .withNewClientConfig()
                            .withNewService(SERVICE, NAMESPACE, "/convert", port)
                            .endClientConfig()
                            .endWebhook()
                            .endConversion()
                            .endSpec()
                            .build();
                }
                create(definition);
            }
        }
    }

    /** Those of Jobs and of Kueue's own kinds: the others are about kinds that are not there. */
    private void webhooks(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            for (HasMetadata object : client.load(in).items()) {
                object.getMetadata().setName("kueue-" + object.getMetadata().getName());
                if (object instanceof MutatingWebhookConfiguration mutating) {
                    mutating.getWebhooks().removeIf(hook -> !wanted(hook.getRules()));
                    mutating.getWebhooks().stream()
                            .map(MutatingWebhook::getClientConfig)
                            .forEach(this::point);
                } else if (object instanceof ValidatingWebhookConfiguration validating) {
                    validating.getWebhooks().removeIf(hook -> !wanted(hook.getRules()));
                    validating.getWebhooks().stream()
                            .map(ValidatingWebhook::getClientConfig)
                            .forEach(this::point);
                }
                create(object);
            }
        }
    }

    private static boolean wanted(List<RuleWithOperations> rules) {
        return rules.stream()
                .flatMap(rule -> rule.getApiGroups().stream())
                .anyMatch(List.of("batch", "kueue.x-k8s.io")::contains);
    }

    private void point(WebhookClientConfig webhook) {
        webhook.getService().setName(SERVICE);
        webhook.getService().setNamespace(NAMESPACE);
        webhook.getService().setPort(port);
    }

    private void mountCertificates() throws IOException {
        Secret secret = await().atMost(PATIENCE)
                .until(
                        () -> client.secrets()
                                .inNamespace(NAMESPACE)
                                .withName(SECRET)
                                .get(),
                        found -> program.failure() != null
                                || (found.getData() != null && found.getData().containsKey("tls.crt")));
        String failure = program.failure();
        if (failure != null) {
            throw new IOException(failure);
        }
        for (Map.Entry<String, String> file : secret.getData().entrySet()) {
            Files.write(certificates.resolve(file.getKey()), Base64.getDecoder().decode(file.getValue()));
        }
    }

    private boolean answers() {
        String failure = program.failure();
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
        try {
            client.resource(object("ResourceFlavor", "probe", "spec: {}"))
                    .dryRun()
                    .create();
            return true;
        } catch (KubernetesClientException e) {
            return false;
        }
    }

    /** One of its objects: kind, name and the rest as YAML. A namespaced one lies in the client's namespace. */
    GenericKubernetesResource object(String kind, String name, String rest) {
        return Serialization.unmarshal(
                "apiVersion: kueue.x-k8s.io/v1beta2\nkind: " + kind + "\nmetadata: {name: " + name + "}\n" + rest,
                GenericKubernetesResource.class);
    }

    /** A ClusterQueue of two cores, which is one run, and a LocalQueue of the same name that leads to it. */
    void queue(String name) {
        client.resource(object("ResourceFlavor", "any", "spec: {}")).serverSideApply();
        client.resource(object("ClusterQueue", name, """
                spec:
                  namespaceSelector: {}
                  preemption: {withinClusterQueue: LowerPriority}
                  resourceGroups:
                    - coveredResources: [cpu, memory]
                      flavors:
                        - name: any
                          resources: [{name: cpu, nominalQuota: 2}, {name: memory, nominalQuota: 100Gi}]
                """)).create();
        client.resource(object("LocalQueue", name, "spec: {clusterQueue: " + name + "}"))
                .create();
    }

    /** Holds a ClusterQueue and evicts what it has admitted, or lets it go on: {@code HoldAndDrain}, {@code None}. */
    void stopPolicy(String queue, String policy) {
        client.resource(object("ClusterQueue", queue, "spec: {}"))
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"stopPolicy\":\"" + policy + "\"}}");
    }

    /** Removes it with everything that is left of it. */
    @Override
    public void close() {
        try {
            for (String kind : List.of("Workload", "LocalQueue", "ClusterQueue", "ResourceFlavor")) {
                remove(kind);
            }
        } finally {
            program.close();
            installed.forEach(object -> client.resource(object).delete());
            await().atMost(PATIENCE)
                    .until(() -> installed.stream()
                            .allMatch(object ->
                                    Objects.isNull(client.resource(object).get())));
        }
    }

    private void remove(String kind) {
        var objects = client.genericKubernetesResources("kueue.x-k8s.io/v1beta2", kind);
        objects.list().getItems().forEach(object -> client.resource(object).delete());
        await().atMost(PATIENCE).until(() -> objects.list().getItems().isEmpty());
    }
}
