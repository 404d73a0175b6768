package io.vlfinetune.e2e.faults;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Watches all runs and what they own, beside the operator and with an undisturbed line. */
final class Witness implements AutoCloseable {
    private static final String RUN = "vlfinetune.io/run";

    private final Map<String, RunRecord> records = new ConcurrentHashMap<>();
    private final List<SharedIndexInformer<?>> informers;

    Witness(KubernetesClient client) {
        informers = List.of(
                watch(
                        client,
                        VLFineTune.class,
                        run -> record(run, run.getMetadata().getName())
                                .status(Objects.requireNonNullElse(run.getStatus(), VLFineTuneStatus.EMPTY)),
                        run -> record(run, run.getMetadata().getName()).gone()),
                watch(
                        client,
                        Job.class,
                        job -> child(job, (name, record) -> record.job(name, ended(job))),
                        job -> child(job, (name, record) -> record.jobGone(name))),
                watch(
                        client,
                        PersistentVolumeClaim.class,
                        _ -> {},
                        claim -> child(claim, (name, record) -> record.claimGone(name))));
    }

    private static <T extends HasMetadata> SharedIndexInformer<T> watch(
            KubernetesClient client, Class<T> kind, Consumer<T> seen, Consumer<T> gone) {
        return client.resources(kind).inAnyNamespace().inform(new ResourceEventHandler<>() {
            @Override
            public void onAdd(T object) {
                seen.accept(object);
            }

            @Override
            public void onUpdate(T before, T object) {
                seen.accept(object);
            }

            @Override
            public void onDelete(T object, boolean stateUnknown) {
                gone.accept(object);
            }
        });
    }

    private static boolean ended(Job job) {
        return job.getStatus() != null
                && job.getStatus().getConditions().stream()
                        .anyMatch(condition -> condition.getType().equals("Complete")
                                || condition.getType().equals("Failed"));
    }

    private void child(HasMetadata child, BiConsumer<String, RunRecord> note) {
        Map<String, String> labels = child.getMetadata().getLabels();
        if (labels != null && labels.containsKey(RUN)) {
            note.accept(child.getMetadata().getName(), record(child, labels.get(RUN)));
        }
    }

    private RunRecord record(HasMetadata object, String run) {
        return record(object.getMetadata().getNamespace(), run);
    }

    /** The record of a run. */
    RunRecord record(String namespace, String run) {
        return records.computeIfAbsent(namespace + "/" + run, _ -> new RunRecord());
    }

    @Override
    public void close() {
        informers.forEach(SharedIndexInformer::stop);
    }
}
