package io.vlfinetune.cli.embedded;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.api.kubernetes.VLFineTuneProgress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The garbage collector that a mock server lacks: what a run owns goes when the run goes. */
final class OwnerCleanup implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OwnerCleanup.class);
    private static final List<Class<? extends HasMetadata>> OWNED =
            List.of(Job.class, VLFineTuneProgress.class, PersistentVolumeClaim.class);

    private final KubernetesClient client;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("owner-cleanup").daemon().factory());
    private final SharedIndexInformer<VLFineTune> runs;

    OwnerCleanup(KubernetesClient client) {
        this.client = client;
        this.runs = client.resources(VLFineTune.class).inAnyNamespace().runnableInformer(0);
        runs.addEventHandler(new ResourceEventHandler<>() {
            @Override
            public void onAdd(VLFineTune run) {}

            @Override
            public void onUpdate(VLFineTune before, VLFineTune run) {}

            @Override
            public void onDelete(VLFineTune run, boolean stateUnknown) {
                thread.execute(() -> collect(run));
            }
        });
        runs.run();
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
        } catch (KubernetesClientException e) {
            LOG.info("owner cleanup: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        runs.stop();
        thread.shutdownNow();
    }
}
