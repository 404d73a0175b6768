package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The garbage collector that a server without controllers lacks: what a run owns goes when the run goes. */
public final class OwnerCleanup implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OwnerCleanup.class);
    private static final List<Class<? extends HasMetadata>> OWNED =
            List.of(Job.class, VLFineTuneProgress.class, PersistentVolumeClaim.class);

    private static final String FOREGROUND = "foregroundDeletion";
    private static final String NO_FINALIZERS = "{\"metadata\":{\"finalizers\":null}}";

    private final KubernetesClient client;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("owner-cleanup").daemon().factory());
    private final SharedIndexInformer<VLFineTune> runs;
    private final List<? extends SharedIndexInformer<?>> children;

    /** Joins: looks after the children of every run of the server. */
    public OwnerCleanup(KubernetesClient client) {
        this.client = client;
        this.runs = client.resources(VLFineTune.class).inAnyNamespace().runnableInformer(0);
        runs.addEventHandler(new ResourceEventHandler<>() {
            @Override
            public void onAdd(VLFineTune run) {}

            @Override
            public void onUpdate(VLFineTune before, VLFineTune run) {
                if (run.getMetadata().getDeletionTimestamp() != null
                        && run.getMetadata().getFinalizers().equals(List.of(FOREGROUND))) {
                    thread.execute(() -> collectFirst(run));
                }
            }

            @Override
            public void onDelete(VLFineTune run, boolean stateUnknown) {
                thread.execute(() -> collect(run));
            }
        });
        this.children = OWNED.stream().map(this::children).toList();
        runs.run();
        children.forEach(SharedIndexInformer::run);
    }

    private <T extends HasMetadata> SharedIndexInformer<T> children(Class<T> kind) {
        SharedIndexInformer<T> informer =
                client.resources(kind).inAnyNamespace().runnableInformer(0);
        informer.addEventHandler(new ResourceEventHandler<>() {
            @Override
            public void onAdd(T child) {
                thread.execute(() -> collectOrphan(child));
            }

            @Override
            public void onUpdate(T before, T child) {}

            @Override
            public void onDelete(T child, boolean stateUnknown) {}
        });
        return informer;
    }

    /** An operator that did not know yet that a run is gone may make one more child of it. */
    private void collectOrphan(HasMetadata child) {
        child.getMetadata().getOwnerReferences().stream()
                .filter(owner -> owner.getKind().equals(HasMetadata.getKind(VLFineTune.class)))
                .filter(owner -> !exists(child.getMetadata().getNamespace(), owner))
                .forEach(_ -> delete(child));
    }

    /** Whether it may be there: what cannot be told is left alone. */
    private boolean exists(String namespace, OwnerReference owner) {
        try {
            VLFineTune run = client.resources(VLFineTune.class)
                    .inNamespace(namespace)
                    .withName(owner.getName())
                    .get();
            return run != null && run.getMetadata().getUid().equals(owner.getUid());
        } catch (KubernetesClientException e) {
            LOG.info("owner cleanup: {}", e.getMessage());
            return true;
        }
    }

    /** A foreground deletion: the run waits for its children. */
    private void collectFirst(VLFineTune run) {
        collect(run);
        release(run);
    }

    private void release(HasMetadata object) {
        try {
            client.resource(object).patch(PatchContext.of(PatchType.JSON_MERGE), NO_FINALIZERS);
        } catch (KubernetesClientException e) {
            LOG.info("owner cleanup: {}", e.getMessage());
        }
    }

    private void collect(VLFineTune run) {
        for (Class<? extends HasMetadata> kind : OWNED) {
            for (HasMetadata child : client.resources(kind)
                    .inNamespace(run.getMetadata().getNamespace())
                    .list()
                    .getItems()) {
                if (child.hasOwnerReferenceFor(run)) {
                    delete(child);
                }
            }
        }
    }

    private void delete(HasMetadata child) {
        try {
            client.resource(child).delete();
            if (child instanceof PersistentVolumeClaim) {
                // A real server holds claims for a controller that is not there (StorageObjectInUseProtection).
                release(child);
            }
        } catch (KubernetesClientException e) {
            LOG.info("owner cleanup: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        runs.stop();
        children.forEach(SharedIndexInformer::stop);
        thread.shutdownNow();
    }
}
