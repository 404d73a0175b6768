package io.vlfinetune.operator.queue;

import io.fabric8.kubernetes.api.model.APIGroup;
import io.fabric8.kubernetes.api.model.APIResourceList;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GroupVersionForDiscovery;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.ReducedStateItemStore;
import io.vlfinetune.operator.OperatorConfiguration;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Kueue's Workloads on the API server: whether they are served, and a watch on them. Only their identity is kept. */
final class Workloads implements AutoCloseable {
    private static final String GROUP = "kueue.x-k8s.io";
    private static final String PLURAL = "workloads";
    private static final long PATIENCE_SECONDS = 10;

    private final List<SharedIndexInformer<GenericKubernetesResource>> informers = new ArrayList<>();

    private Workloads() {}

    /** The version that Kueue prefers of those in which Workloads are served; empty where there is no Kueue. */
    static Optional<String> servedVersion(KubernetesClient client) {
        APIGroup group = client.getApiGroup(GROUP);
        if (group == null) {
            return Optional.empty();
        }
        return Stream.concat(Optional.ofNullable(group.getPreferredVersion()).stream(), group.getVersions().stream())
                .map(GroupVersionForDiscovery::getVersion)
                .distinct()
                .filter(version -> serves(client.getApiResources(GROUP + "/" + version)))
                .findFirst();
    }

    private static boolean serves(@Nullable APIResourceList resources) {
        return resources != null
                && resources.getResources().stream()
                        .anyMatch(resource -> resource.getName().equals(PLURAL));
    }

    /**
     * Watches them; returns once all that exist have been handed over.
     *
     * @param namespaces where; empty: everywhere
     * @param gone called when they are served, or may be read, no longer
     * @throws KubernetesClientException they cannot be listed
     */
    static Workloads watch(
            KubernetesClient client,
            Set<String> namespaces,
            String version,
            ResourceEventHandler<GenericKubernetesResource> handler,
            Runnable gone) {
        Workloads workloads = new Workloads();
        try {
            for (String namespace : namespaces.isEmpty() ? Set.of("") : namespaces) {
                workloads.start(informer(client, namespace, version), handler, gone);
            }
            return workloads;
        } catch (RuntimeException e) {
            workloads.close();
            throw e;
        }
    }

    private static SharedIndexInformer<GenericKubernetesResource> informer(
            KubernetesClient client, String namespace, String version) {
        var all = client.genericKubernetesResources(new ResourceDefinitionContext.Builder()
                .withGroup(GROUP)
                .withVersion(version)
                .withKind("Workload")
                .withPlural(PLURAL)
                .withNamespaced(true)
                .build());
        var workloads = namespace.isEmpty() ? all.inAnyNamespace() : all.inNamespace(namespace);
        // An informer that is refused tells the log, with a stack trace; this tells the caller.
        workloads.list(new ListOptionsBuilder().withLimit(1L).build());
        SharedIndexInformer<GenericKubernetesResource> informer =
                workloads.withLimit(OperatorConfiguration.LIST_LIMIT).runnableInformer(0);
        // A Workload carries a copy of its pods' templates, and there may be thousands that are not ours.
        informer.itemStore(new ReducedStateItemStore<>(
                ReducedStateItemStore.NAME_KEY_STATE,
                GenericKubernetesResource.class,
                client.getKubernetesSerialization(),
                "metadata.ownerReferences"));
        return informer;
    }

    private void start(
            SharedIndexInformer<GenericKubernetesResource> informer,
            ResourceEventHandler<GenericKubernetesResource> handler,
            Runnable gone) {
        informers.add(informer);
        informer.exceptionHandler((started, problem) -> !isGone(problem));
        informer.addEventHandler(handler);
        try {
            informer.start().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new KubernetesClientException("Workloads cannot be listed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KubernetesClientException("interrupted while Workloads were listed", e);
        }
        informer.stopped().whenComplete((ignored, problem) -> {
            if (problem != null) {
                gone.run();
            }
        });
    }

    /** Uninstalled, or no longer ours to read; whatever else is tried again by the informer. */
    private static boolean isGone(Throwable problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            if (cause instanceof KubernetesClientException refusal
                    && (refusal.getCode() == HttpURLConnection.HTTP_NOT_FOUND
                            || refusal.getCode() == HttpURLConnection.HTTP_FORBIDDEN)) {
                return true;
            }
        }
        return false;
    }

    /** Whether all of them are still watched. */
    boolean running() {
        return informers.stream().allMatch(SharedIndexInformer::isRunning);
    }

    @Override
    public void close() {
        informers.forEach(SharedIndexInformer::stop);
    }
}
